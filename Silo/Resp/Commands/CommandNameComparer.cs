namespace Sluice.Silo.Resp.Commands;

/// <summary>Compares command names whatever their ASCII case, without making strings of them.</summary>
internal sealed class CommandNameComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    // No command is longer; a longer name is still told apart by Equals.
    private const int HashedBytes = 16;

    public static CommandNameComparer Instance { get; } = new();

    public bool Equals(byte[]? x, byte[]? y) => ReferenceEquals(x, y) || (x is not null && y is not null && Equals(x.AsSpan(), y));

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other)
    {
        if (alternate.Length != other.Length)
        {
            return false;
        }

        for (var i = 0; i < other.Length; i++)
        {
            if (Upper(alternate[i]) != Upper(other[i]))
            {
                return false;
            }
        }

        return true;
    }

    public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        var hash = (uint)alternate.Length;
        foreach (var value in alternate[..Math.Min(alternate.Length, HashedBytes)])
        {
            hash = (hash * 31) + Upper(value);
        }

        return (int)hash;
    }

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

    private static byte Upper(byte value) => value is >= (byte)'a' and <= (byte)'z' ? (byte)(value - 32) : value;
}
