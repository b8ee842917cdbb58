namespace Sluice;

/// <summary>
/// The 16,384 hash slots of Redis Cluster: CRC16 (XMODEM) of the key, or of what stands between the first <c>{</c> and the next <c>}</c>
/// when that is not empty. See the Redis Cluster specification, "Key distribution model".
/// </summary>
public static class HashSlot
{
    /// <summary>The number of slots.</summary>
    public const int Count = 16384;

    private static readonly ushort[] Table = BuildTable();

    /// <summary>The slot of a key: 0 to 16,383.</summary>
    public static int Of(ReadOnlySpan<byte> key)
    {
        var open = key.IndexOf((byte)'{');
        if (open >= 0)
        {
            var tag = key[(open + 1)..];
            var close = tag.IndexOf((byte)'}');
            if (close > 0)
            {
                key = tag[..close];
            }
        }

        ushort crc = 0;
        foreach (var value in key)
        {
            crc = (ushort)((crc << 8) ^ Table[((crc >> 8) ^ value) & 0xFF]);
        }

        return crc & (Count - 1);
    }

    /// <summary>The shard of a slot: shards are equal, contiguous ranges of slots.</summary>
    /// <param name="slot">0 to 16,383.</param>
    /// <param name="shardCount">1 to 16,384.</param>
    public static int ToShard(int slot, int shardCount) => (int)((long)slot * shardCount / Count);

    /// <summary>The first slot of a shard; the first slot of the shard after the last is <see cref="Count"/>.</summary>
    public static int FirstOfShard(int shard, int shardCount) => (int)(((long)shard * Count + shardCount - 1) / shardCount);

    private static ushort[] BuildTable()
    {
        var table = new ushort[256];
        for (var i = 0; i < 256; i++)
        {
            var crc = (ushort)(i << 8);
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000) != 0 ? (ushort)((crc << 1) ^ 0x1021) : (ushort)(crc << 1);
            }

            table[i] = crc;
        }

        return table;
    }
}
