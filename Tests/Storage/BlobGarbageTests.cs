using System.Text;
using RocksDbSharp;
using Sluice.Storage;
using Sluice.Tests.Cluster;

namespace Sluice.Tests.Storage;

public sealed class BlobGarbageTests : IDisposable
{
    private readonly PartitionUnderTest shard = new();

    public void Dispose() => shard.Dispose();

    [Theory]
    [InlineData(0, 0, false, false)]
    [InlineData(100, 0, false, false)]
    [InlineData(100, 24, false, false)]
    [InlineData(100, 25, false, true)]
    [InlineData(100, 13, true, true)]
    [InlineData(100, 12, true, false)]
    [InlineData(0, 0, true, false)]
    public void Collecting_begins_at_a_quarter_of_garbage_and_ends_below_an_eighth(long bytes, long garbage, bool collecting, bool expected) =>
        Assert.Equal(expected, BlobGarbage.ShouldCollect(bytes, garbage, collecting));

    [Fact]
    public void A_compaction_leaves_values_where_they_are_when_there_is_no_garbage()
    {
        var directory = Path.Combine(shard.Directory, "other");
        using var database = shard.Engine.Open(directory);
        for (var i = 0; i < 8; i++)
        {
            database.Put(new byte[] { (byte)i }, Value(1 << 20, i));
            database.Flush(new FlushOptions().SetWaitForFlush(true));
        }

        var before = BlobFiles(directory);
        Assert.Equal(8, before.Count);
        database.CompactRange((byte[]?)null, null);
        Assert.Equal(before, BlobFiles(directory));
    }

    [Fact]
    public async Task The_oldest_values_are_moved_and_their_files_go_when_much_is_garbage()
    {
        // A value that fills a memtable is written out at once. Each file holds one that stays and one that is soon overwritten, so none goes by itself; each fourth file sets off a compaction.
        var files = 0;
        var oldest = "";
        await Eventually.IsTrueAsync("the file of the oldest value to be cleared out", TestDirectory.Patience, () =>
        {
            shard.Do("SET"u8.ToArray(), Encoding.ASCII.GetBytes($"stays-{files}"), Value(1 << 20, files));
            shard.Do("SET"u8.ToArray(), "overwritten"u8.ToArray(), Value((int)shard.Engine.Options.WriteBufferBytes, files++));

            // A tick looks at what is garbage.
            shard.Clock.Advance(TimeSpan.FromSeconds(1));
            var now = BlobFiles(shard.Options.Directory);
            oldest = oldest.Length == 0 && now.Count > 0 ? now[0] : oldest;
            return Task.FromResult(oldest.Length > 0 && !now.Contains(oldest));
        });
        Assert.Equal($":{1 << 20}\r\n", shard.Do("STRLEN stays-0"));
    }

    private static byte[] Value(int length, int seed)
    {
        var value = new byte[length];
        new Random(seed).NextBytes(value);
        return value;
    }

    private static List<string> BlobFiles(string directory) => [.. Directory.GetFiles(directory, "*.blob").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
}
