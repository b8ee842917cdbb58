using System.Buffers.Binary;

namespace Sluice.Replication;

/// <summary>
/// A spool's segments as bytes. Pure. All numbers are little-endian.
/// <code>
/// segment  = header { record }
/// header   = magic version first before length crc
/// magic    = "SLSP"
/// version  = u32                                    ; 1. Magic and version stay where they are in all versions
/// first    = i64                                    ; sequence of the first record; the file's name says it too
/// before   = i64                                    ; first of the segment before it; 0: it is the first one
/// length   = i64                                    ; bytes of the segment before it, which is whole and durable before this one is made; 0: it is the first one
/// crc      = u32                                    ; CRC-32C of all before it
/// record   = size crc epoch sequence count batch
/// size     = u32                                    ; bytes from epoch on
/// crc      = u32                                    ; CRC-32C of size and of all from epoch on
/// epoch    = i64
/// sequence = i64                                    ; of the batch's first operation: the one before it and its count
/// count    = i32
/// batch    = bytes                                  ; the write batch as RocksDB encodes it
/// </code>
/// </summary>
internal static class SpoolEncoding
{
    /// <summary>What this program writes, and the newest that it reads.</summary>
    public const uint Version = 1;

    /// <summary>Bytes of a segment's header.</summary>
    public const int HeaderBytes = 36;

    /// <summary>Bytes of a record beside its batch.</summary>
    public const int RecordHeaderBytes = 28;

    private const int PrefixBytes = 8;

    private static ReadOnlySpan<byte> Magic => "SLSP"u8;

    /// <summary>Writes a segment's header.</summary>
    public static byte[] WriteHeader(SpoolHeader header)
    {
        var bytes = new byte[HeaderBytes];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Version);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), header.First);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), header.FirstBefore);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), header.BytesBefore);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(32), Crc32C.Compute(bytes.AsSpan(0, 32)));
        return bytes;
    }

    /// <summary>Reads a segment's header; null when it is none, or damaged.</summary>
    /// <exception cref="SpoolVersionException">A newer program wrote it.</exception>
    public static SpoolHeader? ReadHeader(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes || !bytes[..4].SequenceEqual(Magic) || BinaryPrimitives.ReadUInt32LittleEndian(bytes[32..]) != Crc32C.Compute(bytes[..32]))
        {
            return null;
        }

        var version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        return version <= Version
            ? new SpoolHeader(BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]))
            : throw new SpoolVersionException($"The spool is of version {version}, this program reads versions up to {Version}: upgrade the node, or remove its spool directory.");
    }

    /// <summary>Writes what stands before a record's batch.</summary>
    /// <param name="target"><see cref="RecordHeaderBytes"/>.</param>
    /// <param name="epoch">The epoch that wrote the record.</param>
    /// <param name="record">The record.</param>
    public static void WriteRecordHeader(Span<byte> target, long epoch, LogRecord record)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, (uint)(RecordHeaderBytes - PrefixBytes + record.Batch.Length));
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], epoch);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], record.Sequence);
        BinaryPrimitives.WriteInt32LittleEndian(target[24..], record.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], Checksum(target, record.Batch));
    }

    /// <summary>Bytes of the batch that follows a record's header, as the header says.</summary>
    public static long BatchBytes(ReadOnlySpan<byte> header) => (long)BinaryPrimitives.ReadUInt32LittleEndian(header) - (RecordHeaderBytes - PrefixBytes);

    /// <summary>The record of a header and a batch; null when they do not match the checksum.</summary>
    public static SpooledRecord? ReadRecord(ReadOnlySpan<byte> header, byte[] batch) =>
        BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) != Checksum(header, batch) ? null : new SpooledRecord(
            BinaryPrimitives.ReadInt64LittleEndian(header[8..]),
            new LogRecord(BinaryPrimitives.ReadInt64LittleEndian(header[16..]), BinaryPrimitives.ReadInt32LittleEndian(header[24..]), batch));

    private static uint Checksum(ReadOnlySpan<byte> header, ReadOnlySpan<byte> batch) =>
        Crc32C.Append(Crc32C.Append(Crc32C.Compute(header[..4]), header[PrefixBytes..RecordHeaderBytes]), batch);
}

/// <summary>What a segment's header says.</summary>
/// <param name="First">Sequence of its first record.</param>
/// <param name="FirstBefore">That of the segment before it; 0: there was none.</param>
/// <param name="BytesBefore">Bytes of the segment before it.</param>
internal readonly record struct SpoolHeader(long First, long FirstBefore, long BytesBefore);

/// <summary>A record of the log with the epoch that wrote it.</summary>
internal readonly record struct SpooledRecord(long Epoch, LogRecord Record)
{
    /// <summary>The sequence of its last operation.</summary>
    public long Last => Record.Sequence + Record.Count - 1;
}
