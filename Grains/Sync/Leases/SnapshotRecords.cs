using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Sluice.Persistence;
using Sluice.Replication;

namespace Sluice.Sync;

/// <summary>A lease as it is recorded.</summary>
/// <param name="Id">The lease.</param>
/// <param name="Replica">Whose it is.</param>
/// <param name="Transfer">The files that it streams; null: not chosen yet.</param>
/// <param name="LastContact">By the wall clock: nothing else goes on counting while a node is down.</param>
internal sealed record RecordedLease(Guid Id, ReplicaKey Replica, ImmutableArray<int>? Transfer, DateTimeOffset LastContact);

/// <summary>
/// The records beside a replica's checkpoints, so that leases outlive their node's process:
/// <code>
/// snapshots/ID/            the checkpoint
/// snapshots/ID.manifest    its manifest, as ManifestEncoding writes it; written once
/// snapshots/ID.leases      who leases it; replaced as a whole
/// leases  = magic version count { lease } crc          ; little-endian
/// magic   = "SLLS"
/// version = u8                                         ; 1
/// count   = i32                                        ; how many leases follow
/// lease   = id replica contact chosen [ i32 { index } ]
/// id      = 16 bytes
/// replica = text                                       ; length in 7-bit groups, UTF-8
/// contact = i64                                        ; ticks of the last contact, UTC
/// chosen  = u8                                         ; 1: the files are chosen, and follow
/// index   = i32
/// crc     = u32                                        ; CRC-32C of all before it
/// </code>
/// A checkpoint without a valid record of both kinds, or with other files than its manifest's, is nothing that anybody can go on with.
/// </summary>
internal sealed class SnapshotRecords(string directory)
{
    private const byte Version = 1;
    private const int CrcBytes = 4;

    private static ReadOnlySpan<byte> Magic => "SLLS"u8;

    /// <summary>A snapshot's checkpoint.</summary>
    public string CheckpointOf(Guid snapshot) => Path.Combine(directory, snapshot.ToString("N"));

    /// <summary>Records what a checkpoint consists of, unless that was done before, and who leases it. Blocks on the disk.</summary>
    /// <exception cref="IOException">The disk is full, or fails.</exception>
    public void Write(SnapshotManifest manifest, IReadOnlyList<RecordedLease> leases)
    {
        if (!File.Exists(ManifestOf(manifest.SnapshotId)))
        {
            DurableFile.Replace(ManifestOf(manifest.SnapshotId), ManifestEncoding.Write(new SnapshotLease { Id = Guid.Empty, Manifest = manifest, Transfer = [] }));
        }

        DurableFile.Replace(LeasesOf(manifest.SnapshotId), Encode(leases));
    }

    /// <summary>Deletes a checkpoint and its records; a crash in the middle leaves something that <see cref="Load"/> deletes. Blocks on the disk.</summary>
    public void Delete(Guid snapshot)
    {
        File.Delete(LeasesOf(snapshot));
        if (Directory.Exists(CheckpointOf(snapshot)))
        {
            Directory.Delete(CheckpointOf(snapshot), recursive: true);
        }

        File.Delete(ManifestOf(snapshot));
    }

    /// <summary>What was recorded before the last crash. Whatever else is in the directory is deleted.</summary>
    public IReadOnlyList<(SnapshotManifest Manifest, IReadOnlyList<RecordedLease> Leases)> Load()
    {
        var valid = new List<(SnapshotManifest, IReadOnlyList<RecordedLease>)>();
        if (!Directory.Exists(directory))
        {
            return valid;
        }

        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in Directory.GetFiles(directory, "*.leases"))
        {
            if (Guid.TryParseExact(Path.GetFileNameWithoutExtension(path), "N", out var snapshot) && TryLoad(snapshot) is { } loaded)
            {
                valid.Add(loaded);
                kept.UnionWith([path, CheckpointOf(snapshot), ManifestOf(snapshot)]);
            }
        }

        foreach (var leftover in new DirectoryInfo(directory).GetFileSystemInfos().Where(entry => !kept.Contains(entry.FullName)))
        {
            if (leftover is DirectoryInfo checkpoint)
            {
                checkpoint.Delete(recursive: true);
            }
            else
            {
                leftover.Delete();
            }
        }

        return valid;
    }

    /// <summary>The bytes of a record of leases.</summary>
    internal static byte[] Encode(IReadOnlyList<RecordedLease> leases)
    {
        using var buffer = new MemoryStream();
        using var writer = new BinaryWriter(buffer, Encoding.UTF8);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write(leases.Count);
        foreach (var lease in leases)
        {
            writer.Write(lease.Id.ToByteArray());
            writer.Write(lease.Replica.ToString());
            writer.Write(lease.LastContact.UtcTicks);
            writer.Write(lease.Transfer is not null);
            if (lease.Transfer is { } transfer)
            {
                writer.Write(transfer.Length);
                foreach (var index in transfer)
                {
                    writer.Write(index);
                }
            }
        }

        writer.Flush();
        writer.Write(Crc32C.Compute(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
        writer.Flush();
        return buffer.ToArray();
    }

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The bytes are no record of leases.</exception>
    internal static IReadOnlyList<RecordedLease> Decode(byte[] bytes)
    {
        if (bytes.Length < CrcBytes || Crc32C.Compute(bytes.AsSpan(0, bytes.Length - CrcBytes)) != BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(bytes.Length - CrcBytes)))
        {
            throw new InvalidDataException($"The record of leases of {bytes.Length} bytes does not match its checksum.");
        }

        using var reader = new BinaryReader(new MemoryStream(bytes, 0, bytes.Length - CrcBytes), Encoding.UTF8);
        try
        {
            if (!reader.ReadBytes(Magic.Length).AsSpan().SequenceEqual(Magic) || reader.ReadByte() != Version)
            {
                throw new InvalidDataException("The record of leases is of another version.");
            }

            return [.. Enumerable.Range(0, reader.ReadInt32()).Select(_ => ReadLease(reader))];
        }
        catch (Exception error) when (error is EndOfStreamException or FormatException or ArgumentException)
        {
            throw new InvalidDataException($"The record of leases of {bytes.Length} bytes cannot be read: {error.Message}", error);
        }
    }

    private static RecordedLease ReadLease(BinaryReader reader)
    {
        var id = new Guid(reader.ReadBytes(16));
        var replica = ReplicaKey.Parse(reader.ReadString());
        var contact = new DateTimeOffset(reader.ReadInt64(), TimeSpan.Zero);
        ImmutableArray<int>? transfer = reader.ReadBoolean() ? [.. Enumerable.Range(0, reader.ReadInt32()).Select(_ => reader.ReadInt32())] : null;
        return new RecordedLease(id, replica, transfer, contact);
    }

    private string ManifestOf(Guid snapshot) => CheckpointOf(snapshot) + ".manifest";

    private string LeasesOf(Guid snapshot) => CheckpointOf(snapshot) + ".leases";

    private (SnapshotManifest Manifest, IReadOnlyList<RecordedLease> Leases)? TryLoad(Guid snapshot)
    {
        try
        {
            var manifest = ManifestEncoding.Read(File.ReadAllBytes(ManifestOf(snapshot)), Guid.Empty, TimeSpan.Zero).Manifest;
            var leases = Decode(File.ReadAllBytes(LeasesOf(snapshot)));
            foreach (var transfer in leases.Select(lease => lease.Transfer).OfType<ImmutableArray<int>>())
            {
                _ = new TransferLayout(manifest, transfer);
            }

            return leases.Count > 0 && manifest.SnapshotId == snapshot && manifest.Files.All(file => IsThere(snapshot, file)) ? (manifest, leases) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException or InvalidManifestException)
        {
            // Torn or damaged: the snapshot is made anew when somebody asks.
            return null;
        }
    }

    private bool IsThere(Guid snapshot, SnapshotFile file) => new FileInfo(Path.Combine(CheckpointOf(snapshot), file.Name)) is { Exists: true } found && found.Length == file.Size;
}
