using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed partial class SnapshotFileReaderTests : IDisposable
{
    private const int DontNeed = 4;

    // Beside the test's own files and not in /tmp, which may be all page cache (tmpfs).
    private readonly string path = Path.Combine(AppContext.BaseDirectory, Path.GetRandomFileName());

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_range_is_read_right_whether_or_not_it_is_cached(bool cached)
    {
        const int seed = 21;
        var random = new Random(seed);
        var content = Fill(300_001, random);
        var pool = new FrameBufferPool();
        for (var round = 0; round < 200; round++)
        {
            if (!cached)
            {
                Forget();
            }

            using var reader = new SnapshotFileReader(Open);
            var offset = random.Next(2) == 0 ? random.Next(73) * 4096 : random.Next(content.Length);
            var length = random.Next(1, Math.Min(100_000, content.Length - offset) + 1);
            using var buffer = pool.Rent(SnapshotFileReader.BufferBytes(length));
            Assert.Equal(length, reader.Read(buffer.Memory.Span, length, offset));
            Assert.True(content.AsSpan(offset, length).SequenceEqual(buffer.Memory.Span[..length]), $"seed {seed}, round {round}, {length} bytes at {offset}");
        }
    }

    [Fact]
    public void A_file_that_ends_early_is_read_to_its_end()
    {
        Fill(10_000, new Random(1));
        Forget();
        using var reader = new SnapshotFileReader(Open);
        using var buffer = new FrameBufferPool().Rent(65_536);
        Assert.Equal(10_000, reader.Read(buffer.Memory.Span, 20_000, 0));
        Assert.Equal(0, reader.Read(buffer.Memory.Span, 20_000, 10_000));
    }

    [Fact]
    public void A_file_that_was_not_cached_is_not_cached_afterwards()
    {
        Fill(4 << 20, new Random(2));
        Forget();
        using var buffer = new FrameBufferPool().Rent(1 << 20);
        using var reader = new SnapshotFileReader(Open);
        for (var offset = 0L; offset < 4 << 20; offset += 1 << 20)
        {
            Assert.Equal(1 << 20, reader.Read(buffer.Memory.Span, 1 << 20, offset));
        }

        using var probe = Open();
        Assert.False(DirectIo.IsCached(probe, 2 << 20, 4096), "the copy has filled the page cache");

        // And the question itself is one that can be answered with yes.
        RandomAccess.Read(probe, buffer.Memory.Span[..4096], 2 << 20);
        Assert.True(DirectIo.IsCached(probe, 2 << 20, 4096), "what was just read the usual way is cached");
    }

    public void Dispose() => File.Delete(path);

    private byte[] Fill(int length, Random random)
    {
        var content = new byte[length];
        random.NextBytes(content);
        File.WriteAllBytes(path, content);
        return content;
    }

    private SafeFileHandle Open() => File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    // Out of the page cache; dirty pages stay, hence the sync.
    private void Forget()
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.FlushToDisk(handle);
        Assert.Equal(0, Advise(handle, 0, 0, DontNeed));
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle handle, long offset, long length, int advice);
}
