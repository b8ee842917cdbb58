using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Sluice.Replication;

/// <summary>
/// The journal of a staging directory as bytes. Pure. All numbers are little-endian.
/// <code>
/// journal  = header begin { position } { 0 }        ; zeros: room for more, set aside beforehand
/// header   = magic version crc
/// magic    = "SLSJ"
/// version  = u32                                    ; 1. The header stays as it is in all versions
/// crc      = u32                                    ; CRC-32C of all before it
/// begin    = record of type 1: lease source held manifest
/// lease    = 16 bytes
/// source   = length { byte }                        ; u16, UTF-8
/// held     = count { index }                        ; i32 each: StagedState.Held
/// manifest = ManifestEncoding, with the transfer    ; to the record's end
/// position = record of type 2: position crc         ; i64, u32: StagedState.Position and Crc
/// record   = length crc type body                   ; u32, u32, u8. Length: of the body and the type. CRC-32C of length, type and body
/// </code>
/// Positions are appended; the last one counts. Whatever lies behind the last record that is whole was torn by a crash, and is cut off: the state is an earlier one then, of which everything is as true.
/// The beginning is written aside and renamed, so it is never torn: if it is damaged, the disk has lost it.
/// </summary>
internal static class StagingJournalEncoding
{
    /// <summary>What this program writes, and the newest that it reads.</summary>
    public const uint Version = 1;

    /// <summary>Bytes of a position's record.</summary>
    public const int PositionBytes = RecordHeaderBytes + sizeof(long) + sizeof(uint);

    private const int HeaderBytes = 12;
    private const int RecordHeaderBytes = 9;
    private const byte BeginType = 1;
    private const byte PositionType = 2;

    private static ReadOnlySpan<byte> Magic => "SLSJ"u8;

    /// <summary>The journal of a state: header, beginning, position.</summary>
    public static byte[] Write(StagedState state)
    {
        var manifest = ManifestEncoding.Write(new SnapshotLease { Id = state.Plan.Lease, Manifest = state.Plan.Manifest, Transfer = state.Plan.Transfer });
        var source = Encoding.UTF8.GetBytes(state.Plan.Source);
        var body = 16 + sizeof(ushort) + source.Length + sizeof(int) * (1 + state.Held.Count) + manifest.Length;
        var bytes = new byte[HeaderBytes + RecordHeaderBytes + body + PositionBytes];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Version);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Crc32C.Compute(bytes.AsSpan(0, 8)));

        var rest = bytes.AsSpan(HeaderBytes + RecordHeaderBytes);
        state.Plan.Lease.TryWriteBytes(rest);
        BinaryPrimitives.WriteUInt16LittleEndian(rest[16..], checked((ushort)source.Length));
        source.CopyTo(rest[18..]);
        rest = rest[(18 + source.Length)..];
        BinaryPrimitives.WriteInt32LittleEndian(rest, state.Held.Count);
        foreach (var index in state.Held)
        {
            rest = rest[sizeof(int)..];
            BinaryPrimitives.WriteInt32LittleEndian(rest, index);
        }

        manifest.CopyTo(rest[sizeof(int)..]);
        Seal(bytes.AsSpan(HeaderBytes, RecordHeaderBytes + body), BeginType);
        WritePosition(bytes.AsSpan(HeaderBytes + RecordHeaderBytes + body), state.Position, state.Crc);
        return bytes;
    }

    /// <summary>Writes a position's record.</summary>
    /// <param name="target"><see cref="PositionBytes"/>.</param>
    /// <param name="position"><see cref="StagedState.Position"/>.</param>
    /// <param name="crc"><see cref="StagedState.Crc"/>.</param>
    public static void WritePosition(Span<byte> target, long position, uint crc)
    {
        BinaryPrimitives.WriteInt64LittleEndian(target[RecordHeaderBytes..], position);
        BinaryPrimitives.WriteUInt32LittleEndian(target[(RecordHeaderBytes + sizeof(long))..], crc);
        Seal(target[..PositionBytes], PositionType);
    }

    /// <summary>Reads what a journal tells.</summary>
    /// <exception cref="StagingJournalException">It is of a newer version, or its beginning is damaged: nothing is known of the directory.</exception>
    public static StagedState Read(ReadOnlySpan<byte> bytes)
    {
        CheckHeader(bytes);
        var rest = bytes[HeaderBytes..];
        if (!TryTake(ref rest, out var type, out var body) || type != BeginType)
        {
            throw new StagingJournalException("The staging journal's beginning is damaged.");
        }

        var state = ReadBegin(body);
        var total = state.Layout().TotalBytes;
        while (TryTake(ref rest, out type, out body))
        {
            var position = type == PositionType && body.Length == sizeof(long) + sizeof(uint) ? BinaryPrimitives.ReadInt64LittleEndian(body) : -1;
            if (position < 0 || position > total)
            {
                throw new StagingJournalException($"The staging journal has a record of type {type} with {body.Length} bytes, which does not belong there.");
            }

            state = state with { Position = position, Crc = BinaryPrimitives.ReadUInt32LittleEndian(body[sizeof(long)..]) };
        }

        return state;
    }

    private static void CheckHeader(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes || !bytes[..4].SequenceEqual(Magic) || BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) != Crc32C.Compute(bytes[..8]))
        {
            throw new StagingJournalException("The staging journal's header is damaged.");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) is var version && version > Version)
        {
            throw new StagingJournalException($"The staging journal is of version {version}, this program reads versions up to {Version}: upgrade the node, or remove its staging directory.") { IsNewer = true };
        }
    }

    private static StagedState ReadBegin(ReadOnlySpan<byte> body)
    {
        try
        {
            var lease = new Guid(body[..16]);
            var sourceLength = BinaryPrimitives.ReadUInt16LittleEndian(body[16..]);
            var source = Encoding.UTF8.GetString(body.Slice(18, sourceLength));
            body = body[(18 + sourceLength)..];
            var count = BinaryPrimitives.ReadInt32LittleEndian(body);
            body = body[sizeof(int)..];
            var held = ImmutableSortedSet.CreateBuilder<int>();
            for (var n = 0; n < count; n++)
            {
                held.Add(BinaryPrimitives.ReadInt32LittleEndian(body[(n * sizeof(int))..]));
            }

            var read = ManifestEncoding.Read(body[(count * sizeof(int))..], lease, TimeSpan.Zero);
            var state = new StagedState { Plan = new StagingPlan(lease, source, read.Manifest, read.Transfer), Held = held.ToImmutable() };
            _ = state.Layout();
            return state.Held.All(index => index >= 0 && index < read.Manifest.Files.Length && !read.Transfer.Contains(index))
                ? state
                : throw new StagingJournalException("The staging journal names held files that its manifest does not have.");
        }
        catch (Exception error) when (error is ArgumentException or InvalidManifestException)
        {
            throw new StagingJournalException($"The staging journal's beginning cannot be read: {error.Message}", error);
        }
    }

    // Takes a record off; false where there is no whole one.
    private static bool TryTake(ref ReadOnlySpan<byte> rest, out byte type, out ReadOnlySpan<byte> body)
    {
        type = 0;
        body = default;
        if (rest.Length < RecordHeaderBytes)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(rest);
        if (length == 0 || length > rest.Length - 8 || BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]) != Checksum(rest[..(int)(8 + length)]))
        {
            return false;
        }

        type = rest[8];
        body = rest[RecordHeaderBytes..(int)(8 + length)];
        rest = rest[(int)(8 + length)..];
        return true;
    }

    private static void Seal(Span<byte> record, byte type)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)record.Length - 8);
        record[8] = type;
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], Checksum(record));
    }

    private static uint Checksum(ReadOnlySpan<byte> record) => Crc32C.Append(Crc32C.Compute(record[..4]), record[8..]);
}
