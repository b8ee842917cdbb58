using System.Collections.Immutable;
using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed class ManifestEncodingTests
{
    [Fact]
    public void What_was_written_is_read_again()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var lease = Lease(seed, files: new Random(seed).Next(50));
            var bytes = ManifestEncoding.Write(lease);
            var read = ManifestEncoding.Read(bytes, lease.Id, lease.Duration);

            Assert.Equal(lease.Manifest with { Files = [] }, read.Manifest with { Files = [] });
            Assert.Equal(lease.Manifest.Files.AsEnumerable(), read.Manifest.Files);
            Assert.Equal(lease.Transfer.AsEnumerable(), read.Transfer);
            Assert.Equal((lease.Id, lease.Duration), (read.Id, read.Duration));
            Assert.Equal(bytes, ManifestEncoding.Write(lease));
        }
    }

    [Fact]
    public void What_is_damaged_or_cut_off_is_refused()
    {
        var bytes = ManifestEncoding.Write(Lease(1, 20));
        for (var at = 0; at < bytes.Length; at++)
        {
            var damaged = bytes.ToArray();
            damaged[at] ^= 1;
            Assert.Throws<InvalidManifestException>(() => ManifestEncoding.Read(damaged, Guid.Empty, TimeSpan.Zero));
            Assert.Throws<InvalidManifestException>(() => ManifestEncoding.Read(bytes.AsSpan(0, at), Guid.Empty, TimeSpan.Zero));
        }
    }

    [Fact]
    public void Nonsense_with_a_right_checksum_is_refused_and_takes_no_memory()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            // A flipped byte somewhere, and the checksum made right again.
            var random = new Random(seed);
            var bytes = ManifestEncoding.Write(Lease(seed, 5));
            bytes[random.Next(bytes.Length - 4)] = (byte)random.Next(256);
            BitConverter.TryWriteBytes(bytes.AsSpan(bytes.Length - 4), Crc32C.Compute(bytes.AsSpan(0, bytes.Length - 4)));
            try
            {
                Assert.InRange(ManifestEncoding.Read(bytes, Guid.Empty, TimeSpan.Zero).Manifest.Files.Length, 0, bytes.Length);
            }
            catch (InvalidManifestException error)
            {
                Assert.StartsWith("The manifest", error.Message, StringComparison.Ordinal);
            }
        }
    }

    internal static SnapshotLease Lease(int seed, int files)
    {
        var random = new Random(seed);
        return new SnapshotLease
        {
            Id = Guid.NewGuid(),
            Manifest = new SnapshotManifest
            {
                SnapshotId = Guid.NewGuid(),
                Shard = random.Next(16_384),
                Epoch = random.NextInt64(),
                Sequence = random.NextInt64(),
                DatabaseId = "f00d-\u00e9",
                Files = [.. Enumerable.Range(0, files).Select(n => new SnapshotFile($"{n:D6}.sst", random.NextInt64(1L << 40), (uint)random.NextInt64(1L << 32)))],
            },
            Transfer = [.. Enumerable.Range(0, files).Where(_ => random.Next(4) > 0)],
            Duration = TimeSpan.FromMinutes(1),
        };
    }
}
