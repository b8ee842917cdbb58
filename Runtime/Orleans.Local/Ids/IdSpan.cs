using System.Text;

namespace Orleans.Runtime;

/// <summary>A part of an identity: UTF-8 text, compared byte by byte.</summary>
public readonly struct IdSpan : IEquatable<IdSpan>, IComparable<IdSpan>
{
    private readonly string? _value;

    /// <summary>From UTF-8 bytes.</summary>
    public IdSpan(byte[] value) => _value = Encoding.UTF8.GetString(value);

    private IdSpan(string value) => _value = value;

    /// <summary>True when nothing was ever assigned.</summary>
    public bool IsDefault => _value is null;

    /// <summary>From text.</summary>
    public static IdSpan Create(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return new IdSpan(id);
    }

    /// <summary>The UTF-8 bytes.</summary>
    public ReadOnlySpan<byte> AsSpan() => Encoding.UTF8.GetBytes(_value ?? "");

    /// <inheritdoc/>
    public bool Equals(IdSpan obj) => string.Equals(_value, obj._value, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is IdSpan other && Equals(other);

    /// <inheritdoc/>
    public int CompareTo(IdSpan other) => string.CompareOrdinal(_value, other._value);

    /// <inheritdoc/>
    public override int GetHashCode() => _value is null ? 0 : string.GetHashCode(_value.AsSpan());

    /// <summary>A hash that is the same in every process.</summary>
    public uint GetUniformHashCode() => (uint)UniformHash.Compute(_value ?? "");

    /// <inheritdoc/>
    public override string ToString() => _value ?? "";

    /// <inheritdoc/>
    public static bool operator ==(IdSpan left, IdSpan right) => left.Equals(right);

    /// <inheritdoc/>
    public static bool operator !=(IdSpan left, IdSpan right) => !left.Equals(right);
}

/// <summary>FNV-1a over UTF-16 code units with a final avalanche (the finalizer of MurmurHash3): the same in every process, well spread in all bits.</summary>
internal static class UniformHash
{
    public static ulong Compute(string text, ulong seed = 14695981039346656037)
    {
        var hash = seed;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 1099511628211;
        }

        return Mix(hash);
    }

    public static ulong Mix(ulong hash)
    {
        hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
        hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
        return hash ^ (hash >> 33);
    }
}
