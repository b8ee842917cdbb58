using System.Text;
using Sluice.Storage.Commands;
using Sluice.Tests.Cluster;

namespace Sluice.Tests.Storage;

/// <summary>Values that are referred to instead of copied: the commands' answers must not show it.</summary>
public sealed class LargeValueTests : IDisposable
{
    private const int Large = PendingWrites.LargeBytes;
    private readonly PartitionUnderTest shard = new();

    public void Dispose() => shard.Dispose();

    [Theory]
    [InlineData(Large - 1)]
    [InlineData(Large)]
    [InlineData(Large + 1)]
    [InlineData(3 * Large)]
    public async Task A_value_of_any_size_is_read_as_it_was_written_before_and_after_a_restart(int length)
    {
        var value = Content(length, 'v');
        Assert.Equal("+OK\r\n", shard.Do("SET"u8.ToArray(), "k"u8.ToArray(), value));
        Assert.Equal(Bulk(value), shard.Do("GET k"));
        Assert.Equal("*2\r\n" + Bulk(value) + "$-1\r\n", shard.Do("MGET k none"));
        Assert.Equal($":{length}\r\n", shard.Do("STRLEN k"));
        await shard.ReopenAsync();
        Assert.Equal(Bulk(value), shard.Do("GET k"));
    }

    [Fact]
    public void Commands_of_one_batch_see_the_large_value_of_the_one_before()
    {
        var value = Content(2 * Large, 'a');
        var replies = shard.DoAll(new byte[][][] { new byte[][] { [.. "SET"u8], [.. "k"u8], value }, PartitionUnderTest.Words("APPEND k tail"), PartitionUnderTest.Words("GETRANGE k -6 -1"), PartitionUnderTest.Words("DEL k"), PartitionUnderTest.Words("GET k") });
        Assert.Equal(["+OK\r\n", $":{value.Length + 4}\r\n", "$6\r\naatail\r\n", ":1\r\n", "$-1\r\n"], replies);
    }

    [Fact]
    public void The_last_of_several_values_of_one_key_counts_be_it_large_or_small()
    {
        byte[] name = [.. "MSET"u8], key = [.. "k"u8], small = [.. "s"u8];
        shard.Do(name, key, small, key, Content(Large, 'x'));
        Assert.Equal(Bulk(Content(Large, 'x')), shard.Do("GET k"));
        shard.Do(name, key, Content(Large, 'y'), key, small);
        Assert.Equal("$1\r\ns\r\n", shard.Do("GET k"));
    }

    [Fact]
    public void A_large_value_expires_like_any_other()
    {
        shard.Do("SET"u8.ToArray(), "k"u8.ToArray(), Content(Large, 'x'), "PX"u8.ToArray(), "1000"u8.ToArray());
        Assert.Equal(":1000\r\n", shard.Do("PTTL k"));
        shard.Clock.Advance(TimeSpan.FromMilliseconds(1001));
        Assert.Equal("$-1\r\n", shard.Do("GET k"));
        Assert.Equal(1, shard.Partition.ExpireDue(10));
        Assert.Equal(":0\r\n", shard.Do("DBSIZE"));
    }

    [Fact]
    public async Task A_large_value_does_not_stay_in_memory_until_the_next_write()
    {
        var length = (int)shard.Engine.Options.WriteBufferBytes;
        var value = new byte[length];
        new Random(1).NextBytes(value);
        shard.Do("SET"u8.ToArray(), "k"u8.ToArray(), value);
        await Eventually.IsTrueAsync("the memtable is written out", TestDirectory.Patience, () => Task.FromResult(shard.Partition.GetStatistics().EngineMemoryBytes < length));
        Assert.InRange(shard.Partition.GetStatistics().DiskBytes, length, (2L * length) + (1 << 20));
        Assert.Equal($":{length}\r\n", shard.Do("STRLEN k"));
    }

    [Fact]
    public void Pending_writes_give_a_large_value_whole()
    {
        var writes = new PendingWrites();
        var content = Content(Large, 'c');
        writes.Put("k"u8, 2, content)[1] = 7;
        Assert.True(writes.TryFind("k"u8, out var value, out var deleted));
        Assert.False(deleted);
        Assert.Equal([0, 7, .. content], value.ToArray());
        Assert.Equal(1 + 2 + Large, writes.Bytes);
        writes.Delete("k"u8);
        Assert.True(writes.TryFind("k"u8, out _, out deleted));
        Assert.True(deleted);
        writes.Put("k"u8, 1)[0] = 9;
        Assert.True(writes.TryFind("k"u8, out value, out _));
        Assert.Equal([9], value.ToArray());
    }

    private static byte[] Content(int length, char fill) => Enumerable.Repeat((byte)fill, length).ToArray();

    private static string Bulk(byte[] value) => $"${value.Length}\r\n{Encoding.Latin1.GetString(value)}\r\n";
}
