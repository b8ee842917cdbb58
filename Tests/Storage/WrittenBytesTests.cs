namespace Sluice.Tests.Storage;

/// <summary>What a shard's log grew by is counted, so that it can be told whether a replica keeps up.</summary>
public sealed class WrittenBytesTests
{
    [Theory]
    [InlineData(100)]
    [InlineData(5_000_000)]
    public void What_clients_write_is_counted_with_keys_and_little_more(int size)
    {
        using var partition = new PartitionUnderTest();
        partition.Do("SET"u8.ToArray(), "key"u8.ToArray(), new byte[size]);
        partition.Do("SET"u8.ToArray(), "key"u8.ToArray(), new byte[size]);

        Assert.InRange(partition.Partition.Log.WrittenBytes, 2 * (size + 3), 2 * (size + 3) + 100);
    }

    [Fact]
    public void Reading_writes_nothing()
    {
        using var partition = new PartitionUnderTest();
        partition.Do("GET key");
        partition.Do("DEL key");

        Assert.Equal(0, partition.Partition.Log.WrittenBytes);
    }
}
