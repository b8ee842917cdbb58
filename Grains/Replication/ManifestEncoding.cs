using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Sluice.Replication;

/// <summary>
/// A leased snapshot's manifest as bytes: what a manifest stream carries. It can be long (a line for each of many thousands of files) and the link slow: so it comes over the data plane, paced, watched for stalls
/// only and resumed where it broke off, never as the answer of a grain call, which has a fixed time limit. Pure. All numbers are little-endian.
/// <code>
/// stream   = magic version snapshot shard epoch sequence database files { file } transfers { index } crc
/// magic    = "SLMF"
/// version  = u8                                     ; 1
/// snapshot = 16 bytes                               ; SnapshotManifest.SnapshotId
/// shard    = i32
/// epoch    = i64
/// sequence = i64
/// database = text                                   ; SnapshotManifest.DatabaseId
/// files    = i32                                    ; how many files follow
/// file     = text size crc                          ; name, i64, u32
/// transfers = i32                                   ; how many indexes follow
/// index    = i32                                    ; SnapshotLease.Transfer
/// text     = length { byte }                        ; u16, UTF-8
/// crc      = u32                                    ; CRC-32C of all before it
/// </code>
/// </summary>
public static class ManifestEncoding
{
    /// <summary>No manifest is longer: more than a million files. What a peer says is longer is refused before any memory is taken for it.</summary>
    public const int MaxBytes = 64 << 20;

    private const byte Version = 1;
    private const int CrcBytes = 4;

    private static ReadOnlySpan<byte> Magic => "SLMF"u8;

    /// <summary>Writes the manifest and the transfer of a lease. The same lease always gives the same bytes.</summary>
    public static byte[] Write(SnapshotLease lease)
    {
        using var buffer = new MemoryStream();
        using (var writer = new BinaryWriter(buffer, Encoding.UTF8, leaveOpen: true))
        {
            var manifest = lease.Manifest;
            writer.Write(Magic);
            writer.Write(Version);
            writer.Write(manifest.SnapshotId.ToByteArray());
            writer.Write(manifest.Shard);
            writer.Write(manifest.Epoch);
            writer.Write(manifest.Sequence);
            WriteText(writer, manifest.DatabaseId);
            writer.Write(manifest.Files.Length);
            foreach (var file in manifest.Files)
            {
                WriteText(writer, file.Name);
                writer.Write(file.Size);
                writer.Write(file.Crc32C);
            }

            writer.Write(lease.Transfer.Length);
            foreach (var index in lease.Transfer)
            {
                writer.Write(index);
            }
        }

        var length = (int)buffer.Length;
        var bytes = new byte[length + CrcBytes];
        buffer.GetBuffer().AsSpan(0, length).CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(length), Crc32C.Compute(bytes.AsSpan(0, length)));
        return bytes;
    }

    /// <summary>Reads what <see cref="Write"/> wrote. What could harm the receiver's disk is <see cref="TransferLayout"/>'s business.</summary>
    /// <param name="bytes">The whole stream.</param>
    /// <param name="lease">The lease that it belongs to.</param>
    /// <param name="duration">How long the lease lasts.</param>
    /// <exception cref="InvalidManifestException">The bytes are no manifest.</exception>
    public static SnapshotLease Read(ReadOnlySpan<byte> bytes, Guid lease, TimeSpan duration)
    {
        if (bytes.Length < CrcBytes || Crc32C.Compute(bytes[..^CrcBytes]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[^CrcBytes..]))
        {
            throw new InvalidManifestException($"The manifest of {bytes.Length} bytes does not match its checksum.");
        }

        using var reader = new BinaryReader(new MemoryStream(bytes[..^CrcBytes].ToArray()), Encoding.UTF8);
        try
        {
            if (!reader.ReadBytes(Magic.Length).AsSpan().SequenceEqual(Magic) || reader.ReadByte() is var version && version != Version)
            {
                throw new InvalidManifestException("The manifest is of another version: upgrade the older of the two nodes.");
            }

            var manifest = new SnapshotManifest
            {
                SnapshotId = new Guid(reader.ReadBytes(16)),
                Shard = reader.ReadInt32(),
                Epoch = reader.ReadInt64(),
                Sequence = reader.ReadInt64(),
                DatabaseId = ReadText(reader),
                Files = ReadMany(reader, static reader => new SnapshotFile(ReadText(reader), reader.ReadInt64(), reader.ReadUInt32())),
            };
            return new SnapshotLease { Id = lease, Manifest = manifest, Transfer = ReadMany(reader, static reader => reader.ReadInt32()), Duration = duration };
        }
        catch (Exception error) when (error is IOException or ArgumentException)
        {
            throw new InvalidManifestException($"The manifest of {bytes.Length} bytes cannot be read: {error.Message}", error);
        }
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write(checked((ushort)bytes.Length));
        writer.Write(bytes);
    }

    private static string ReadText(BinaryReader reader)
    {
        var length = reader.ReadUInt16();
        var bytes = reader.ReadBytes(length);
        return bytes.Length == length ? Encoding.UTF8.GetString(bytes) : throw new EndOfStreamException("A name ends too early.");
    }

    private static ImmutableArray<T> ReadMany<T>(BinaryReader reader, Func<BinaryReader, T> read)
    {
        // Each takes four bytes at the least: a count that cannot be true takes no memory.
        var count = reader.ReadInt32();
        if (count < 0 || count > (reader.BaseStream.Length - reader.BaseStream.Position) / 4)
        {
            throw new EndOfStreamException($"It says that {count} entries follow.");
        }

        var many = ImmutableArray.CreateBuilder<T>(count);
        for (var i = 0; i < count; i++)
        {
            many.Add(read(reader));
        }

        return many.MoveToImmutable();
    }
}
