using System.Buffers.Binary;

namespace Sluice.Storage.Log;

/// <summary>
/// The encoding of a RocksDB write batch (<c>db/write_batch.cc</c>), read to check what a peer sent before RocksDB writes it to its log: RocksDB itself would notice a malformed
/// batch only afterwards, when the log holds it already.
/// <code>
/// [sequence: u64 little-endian][count: u32 little-endian] records
/// record := 0x01 key value | 0x00 key | 0x05 family key value | 0x04 family key | 0x0F key key | 0x0E family key key | 0x03 data | 0x0D
/// key, value, data := varint32 length, bytes          family := varint32
/// </code>
/// Other records (merges, transactions, blobs) are nothing that a partition writes, and are refused.
/// </summary>
internal static class WriteBatchEncoding
{
    private const int HeaderLength = 12;
    private const uint MetaFamily = 2;

    /// <summary>Reads the header and walks over the records.</summary>
    /// <returns>The sequence of the first operation, the number of operations, and whether one of them is about the column family <c>meta</c>.</returns>
    /// <exception cref="InvalidDataException">It is no write batch of a partition.</exception>
    public static (long Sequence, int Count, bool TouchesMeta) Check(ReadOnlySpan<byte> batch)
    {
        if (batch.Length < HeaderLength)
        {
            throw new InvalidDataException($"A log record of {batch.Length} bytes is too short to be a write batch.");
        }

        var sequence = BinaryPrimitives.ReadInt64LittleEndian(batch);
        var count = BinaryPrimitives.ReadInt32LittleEndian(batch[8..]);
        var rest = batch[HeaderLength..];
        var found = 0;
        var touchesMeta = false;
        while (!rest.IsEmpty)
        {
            found += TakeRecord(ref rest, ref touchesMeta);
        }

        return found == count
            ? (sequence, count, touchesMeta)
            : throw new InvalidDataException($"A log record says that it holds {count} operations, but holds {found}.");
    }

    /// <summary>Steps over one record; returns how many sequences it takes.</summary>
    private static int TakeRecord(ref ReadOnlySpan<byte> rest, ref bool touchesMeta)
    {
        var tag = rest[0];
        rest = rest[1..];
        switch (tag)
        {
            case 0x01 or 0x0F:
                SkipBytes(ref rest);
                SkipBytes(ref rest);
                return 1;
            case 0x00:
                SkipBytes(ref rest);
                return 1;
            case 0x05 or 0x0E:
                touchesMeta |= TakeFamily(ref rest) == MetaFamily;
                SkipBytes(ref rest);
                SkipBytes(ref rest);
                return 1;
            case 0x04:
                touchesMeta |= TakeFamily(ref rest) == MetaFamily;
                SkipBytes(ref rest);
                return 1;
            case 0x03:
                SkipBytes(ref rest);
                return 0;
            case 0x0D:
                return 0;
            default:
                throw new InvalidDataException($"A log record holds an operation of kind 0x{tag:X2}, which no partition writes.");
        }
    }

    private static uint TakeFamily(ref ReadOnlySpan<byte> rest)
    {
        var family = TakeNumber(ref rest);
        if (family >= PartitionDatabase.ColumnFamilyNames.Length)
        {
            throw new InvalidDataException($"A log record writes to column family {family}, but there are only {PartitionDatabase.ColumnFamilyNames.Length}.");
        }

        return family;
    }

    private static void SkipBytes(ref ReadOnlySpan<byte> rest)
    {
        var length = TakeNumber(ref rest);
        if (length > (uint)rest.Length)
        {
            throw new InvalidDataException($"A log record ends within an operation: {length} bytes announced, {rest.Length} left.");
        }

        rest = rest[(int)length..];
    }

    private static uint TakeNumber(ref ReadOnlySpan<byte> rest)
    {
        var value = 0UL;
        for (var shift = 0; shift <= 28 && !rest.IsEmpty; shift += 7)
        {
            var part = rest[0];
            rest = rest[1..];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value <= uint.MaxValue ? (uint)value : throw new InvalidDataException("A log record holds a number of more than 32 bits.");
            }
        }

        throw new InvalidDataException("A log record ends within a number, or the number is too long.");
    }
}
