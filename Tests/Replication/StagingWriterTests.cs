using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed class StagingWriterTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("sluice-staging-").FullName;

    private string Staging => Path.Combine(root, "staging");

    [Fact]
    public async Task Any_chunks_in_order_make_the_same_files()
    {
        const int seed = 17;
        var random = new Random(seed);
        for (var round = 0; round < 30; round++)
        {
            // Sizes around the blocks of direct I/O, and chunks that are no whole blocks.
            var contents = Enumerable.Range(0, random.Next(1, 5)).Select(_ => Bytes(random, random.Next(3) * 4096 + random.Next(3) * random.Next(5000))).ToList();
            var manifest = Manifest(contents);
            await using var writer = await CreateAsync(manifest);
            for (var index = 0; index < contents.Count; index++)
            {
                for (var offset = 0; offset < contents[index].Length;)
                {
                    var length = Math.Min(contents[index].Length - offset, random.Next(2) == 0 ? 4096 : random.Next(1, 6000));
                    var chunk = new SnapshotChunk(index, offset, contents[index].AsMemory(offset, length));
                    await writer.WriteAsync(random.Next(2) == 0 ? chunk : chunk with { Crc32C = Crc32C.Compute(chunk.Data.Span) });
                    offset += length;
                    if (random.Next(10) == 0)
                    {
                        await writer.RewindAsync(CancellationToken.None);
                        Assert.Equal(writer.ReceivedPosition, writer.DurablePosition);
                    }
                }
            }

            await writer.CompleteAsync(CancellationToken.None);
            Assert.Equal(manifest.TotalBytes(), writer.DurablePosition);
            for (var index = 0; index < contents.Count; index++)
            {
                Assert.True(contents[index].AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(Staging, manifest.Files[index].Name))), $"seed {seed}, round {round}, file {index}");
            }
        }
    }

    [Fact]
    public async Task Whole_blocks_from_aligned_memory_and_an_odd_end_make_the_same_file()
    {
        var pool = new FrameBufferPool();
        using var buffer = pool.Rent(300_000);
        var content = Bytes(new Random(4), 300_000);
        content.CopyTo(buffer.Memory);
        await using var writer = await CreateAsync(Manifest([content]));
        await writer.WriteAsync(new SnapshotChunk(0, 0, buffer.Memory[..131_072]));
        await writer.WriteAsync(new SnapshotChunk(0, 131_072, buffer.Memory[131_072..300_000]));
        await writer.CompleteAsync(CancellationToken.None);
        Assert.Equal(content, File.ReadAllBytes(Path.Combine(Staging, "0.sst")));
    }

    [Fact]
    public async Task Durability_follows_in_the_background()
    {
        var content = Bytes(new Random(1), 100_000);
        await using var writer = await CreateAsync(Manifest([content]));
        var advanced = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        writer.DurableAdvanced += position => advanced.TrySetResult(position);
        await writer.WriteAsync(new SnapshotChunk(0, 0, content.AsMemory(0, 70_000)));
        Assert.Equal(70_000, await advanced.Task.WaitAsync(LoopbackNodes.Bound));
        Assert.Equal(70_000, writer.DurablePosition);
    }

    [Fact]
    public async Task A_file_whose_content_is_not_what_the_manifest_says_is_named()
    {
        var content = Bytes(new Random(2), 10_000);
        var manifest = Manifest([[1, 2, 3], content]);
        await using var writer = await CreateAsync(manifest);
        content[5000] ^= 1;
        await writer.WriteAsync(new SnapshotChunk(0, 0, new byte[] { 1, 2, 3 }));
        var error = await Assert.ThrowsAsync<StagedFileCorruptException>(async () => await writer.WriteAsync(new SnapshotChunk(1, 0, content)));
        Assert.Equal("1.sst", error.FileName);
    }

    [Fact]
    public async Task An_empty_file_with_a_wrong_checksum_is_named()
    {
        var manifest = Manifest([[]]);
        manifest = manifest with { Files = [manifest.Files[0] with { Crc32C = 5 }] };
        await using var writer = await CreateAsync(manifest);
        await Assert.ThrowsAsync<StagedFileCorruptException>(() => writer.CompleteAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_file_that_was_changed_on_disk_is_named()
    {
        var content = Bytes(new Random(3), 10_000);
        await using var writer = await CreateAsync(Manifest([content]));
        await writer.WriteAsync(new SnapshotChunk(0, 0, content));
        await File.AppendAllTextAsync(Path.Combine(Staging, "0.sst"), "more");
        var error = await Assert.ThrowsAsync<StagedFileCorruptException>(() => writer.CompleteAsync(CancellationToken.None));
        Assert.Contains("10004", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 50)]
    [InlineData(1, 0)]
    [InlineData(0, -1)]
    [InlineData(9, 0)]
    public async Task A_chunk_that_does_not_follow_is_refused_and_changes_nothing(int file, long offset)
    {
        var content = Bytes(new Random(3), 100);
        await using var writer = await CreateAsync(Manifest([content, content]));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await writer.WriteAsync(new SnapshotChunk(file, offset, content.AsMemory(0, 10))));
        Assert.Equal(0, writer.ReceivedPosition);
        await Assert.ThrowsAsync<InvalidOperationException>(() => writer.CompleteAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_chunk_that_reaches_beyond_its_file_is_refused()
    {
        await using var writer = await CreateAsync(Manifest([new byte[10]]));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await writer.WriteAsync(new SnapshotChunk(0, 0, new byte[11])));
    }

    [Fact]
    public async Task A_copy_that_has_no_room_is_refused_before_a_byte_is_fetched()
    {
        var manifest = Manifest([[]]);
        manifest = manifest with { Files = [new SnapshotFile("big.sst", 1L << 60, 0)] };
        var error = await Assert.ThrowsAsync<StagingSpaceException>(() => CreateAsync(manifest));
        Assert.Contains((1L << 60).ToString(System.Globalization.CultureInfo.InvariantCulture), error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("/etc/passwd")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("a\0b")]
    [InlineData("a\\b")]
    [InlineData("sluice-journal")]
    public async Task A_manifest_that_would_write_elsewhere_is_refused(string name)
    {
        var manifest = Manifest([[]]);
        manifest = manifest with { Files = [new SnapshotFile(name, 1, 0)] };
        await Assert.ThrowsAsync<InvalidManifestException>(() => CreateAsync(manifest));
    }

    [Fact]
    public async Task A_new_copy_removes_what_an_earlier_one_left()
    {
        Directory.CreateDirectory(Staging);
        await File.WriteAllTextAsync(Path.Combine(Staging, "old.sst"), "old");
        await using var writer = await CreateAsync(Manifest([[]]));
        await writer.CompleteAsync(CancellationToken.None);
        Assert.Equal(["0.sst", StagingJournal.FileName], Directory.GetFileSystemEntries(Staging).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Giving_up_leaves_nothing()
    {
        var writer = await CreateAsync(Manifest([new byte[10]]));
        await writer.WriteAsync(new SnapshotChunk(0, 0, new byte[5]));
        await writer.AbortAsync();
        Assert.False(Directory.Exists(Staging));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await writer.WriteAsync(new SnapshotChunk(0, 5, new byte[5])));
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    private static byte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static SnapshotManifest Manifest(IReadOnlyList<byte[]> contents) => new()
    {
        SnapshotId = Guid.NewGuid(),
        Shard = 1,
        Files = [.. contents.Select((content, index) => new SnapshotFile($"{index}.sst", content.Length, Crc32C.Compute(content)))],
    };

    private Task<StagingWriter> CreateAsync(SnapshotManifest manifest) =>
        StagingWriter.CreateAsync(
            Staging, new StagingPlan(Guid.NewGuid(), "a", manifest, [.. Enumerable.Range(0, manifest.Files.Length)]), [], TimeProvider.System, NullLogger.Instance, CancellationToken.None);
}
