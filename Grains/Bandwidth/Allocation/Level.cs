namespace Sluice.Bandwidth;

/// <summary>A level of filling: bytes per second for each unit of weight, as an exact fraction.</summary>
/// <param name="Rate">Bytes per second; 0 or more.</param>
/// <param name="Weight">Units of weight; 0 only for <see cref="None"/>.</param>
internal readonly record struct Level(long Rate, long Weight) : IComparable<Level>
{
    /// <summary>Above all levels.</summary>
    public static Level None => default;

    /// <summary>Whether it is <see cref="None"/>.</summary>
    public bool IsNone => Weight == 0;

    /// <summary>What a flow of this weight has at this level, rounded down.</summary>
    public long Times(long weight) => (long)((Int128)Rate * weight / Weight);

    /// <inheritdoc/>
    public int CompareTo(Level other)
    {
        if (IsNone || other.IsNone)
        {
            return IsNone.CompareTo(other.IsNone);
        }

        var low = Math.BigMul(Rate, other.Weight, out var lowBits);
        var high = Math.BigMul(other.Rate, Weight, out var highBits);
        return low != high ? low.CompareTo(high) : ((ulong)lowBits).CompareTo((ulong)highBits);
    }
}
