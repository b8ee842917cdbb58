using System.Buffers.Binary;
using Sluice.Storage;

namespace Sluice.Tests.Storage;

public sealed class PartitionTests
{
    [Fact]
    public async Task What_was_written_is_there_after_reopening()
    {
        using var partition = new PartitionUnderTest();
        partition.Do("set k v");
        var sequence = partition.Partition.LatestSequence;
        await partition.ReopenAsync();
        Assert.Equal("$1\r\nv\r\n", partition.Do("get k"));
        Assert.Equal(sequence, partition.Partition.LatestSequence);
    }

    [Fact]
    public void New_partitions_begin_with_the_same_log()
    {
        using var one = new PartitionUnderTest();
        using var other = new PartitionUnderTest();
        Assert.Equal(1, one.Partition.LatestSequence);
        using var reader = one.Partition.Log.OpenReader(1);
        using var another = other.Partition.Log.OpenReader(1);
        Assert.Equal(reader.TryRead()!.Batch, another.TryRead()!.Batch);
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused_with_the_way_out()
    {
        using var partition = new PartitionUnderTest();
        var version = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(version, FormatVersion.Current + 1);
        partition.Partition.WriteMeta("version"u8, version);
        await partition.CloseAsync();
        var refusal = await Assert.ThrowsAsync<StorageFormatException>(partition.ReopenAsync);
        Assert.Contains("newer Sluice", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_is_one_record_of_the_log_and_only_if_it_writes()
    {
        using var partition = new PartitionUnderTest();
        var before = partition.Partition.LatestSequence;
        Assert.Equal(0, partition.Partition.Execute(new CommandBatch { Commands = [PartitionUnderTest.Words("get k")] }, writable: true).WrittenSequence);
        var commands = Enumerable.Range(0, 50).Select(i => PartitionUnderTest.Words(i % 2 == 0 ? "incr counter" : $"set k{i} v")).ToArray();
        var result = partition.Partition.Execute(new CommandBatch { Commands = commands }, writable: true);
        // 25 other keys and the counter: the writes of one key count once.
        Assert.Equal(before + 26, result.WrittenSequence);
        Assert.Equal(result.WrittenSequence, result.Replies.WrittenSequence);
        using var reader = partition.Partition.Log.OpenReader(before + 1);
        Assert.Equal(26, reader.TryRead()!.Count);
        Assert.Null(reader.TryRead());
    }

    [Fact]
    public void A_large_batch_is_committed_in_pieces()
    {
        using var partition = new PartitionUnderTest();
        var before = partition.Partition.LatestSequence;
        byte[][][] commands = [.. Enumerable.Range(0, 40).Select(i => (byte[][])[.. PartitionUnderTest.Words($"set k{i}"), new byte[100_000]])];
        Assert.All(partition.DoAll(commands), reply => Assert.Equal("+OK\r\n", reply));
        using var reader = partition.Partition.Log.OpenReader(before + 1);
        var records = 0;
        while (reader.TryRead() is { } record)
        {
            Assert.InRange(record.Batch.Length, 1, 1_200_000);
            records++;
        }

        Assert.Equal(4, records);
    }

    [Fact]
    public void Who_walks_over_the_keys_sees_the_writes_of_the_same_batch()
    {
        using var partition = new PartitionUnderTest();
        Assert.Equal(["+OK\r\n", ":1\r\n", "+OK\r\n", ":0\r\n", "+OK\r\n", ":1\r\n"], partition.DoAll("set a 1", "dbsize", "flushall", "dbsize", "set b 1", "dbsize"));
    }

    [Fact]
    public async Task When_the_disk_refuses_no_client_is_told_of_a_write_nor_shown_one()
    {
        using var partition = new PartitionUnderTest();
        partition.Do("set k old");
        // RocksDB writes on to the files that it has open, and fails when it needs a new one.
        Directory.Delete(partition.Options.Directory, recursive: true);
        string[] replies = [];
        for (var i = 0; i < 50 && !replies.Any(reply => reply.StartsWith("-MISCONF", StringComparison.Ordinal)); i++)
        {
            replies = partition.DoAll([
                PartitionUnderTest.Words("get k"), PartitionUnderTest.Words("set k new"), [.. PartitionUnderTest.Words("set big"), new byte[1_000_000]], PartitionUnderTest.Words("get k"),
                PartitionUnderTest.Words("set k old"), PartitionUnderTest.Words("strlen k")]);
        }

        Assert.Equal("$3\r\nold\r\n", replies[0]);
        Assert.StartsWith("-MISCONF The write was refused", replies[1]);
        Assert.StartsWith("-MISCONF", replies[2]);
        Assert.Equal("$3\r\nold\r\n", replies[3]);
        Assert.StartsWith("-MISCONF", replies[4]);
        Assert.Equal(":3\r\n", replies[5]);
        Directory.CreateDirectory(partition.Options.Directory);
        await partition.CloseAsync();
    }

    [Fact]
    public async Task Closing_waits_for_who_is_under_way_and_tells_everybody_else()
    {
        using var partition = new PartitionUnderTest();
        for (var i = 0; i < 20; i++)
        {
            partition.DoAll([.. Enumerable.Range(0, 100).Select(j => (byte[][])[.. PartitionUnderTest.Words($"set k{i}.{j}"), new byte[1000]])]);
        }

        var closing = partition.Partition;
        using var reader = closing.Log.OpenReader(1);
        Assert.NotNull(reader.TryRead());
        var waiting = closing.Log.WaitForNewerAsync(closing.LatestSequence, CancellationToken.None).AsTask();
        var replicas = closing.Log.WaitForReplicasAsync(closing.LatestSequence, 1, Timeout.InfiniteTimeSpan);
        // Long work on other threads, some of it under way when the partition is closed, some of it coming later.
        var work = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                await closing.ComputeDigestAsync();
            }
        })).Concat([Task.Run(async () =>
        {
            for (var i = 0; ; i++)
            {
                await closing.CreateSnapshotAsync(Path.Combine(partition.Directory, $"snapshot{i}"), Guid.NewGuid());
            }
        })]).ToList();
        await closing.ComputeDigestAsync();
        await partition.CloseAsync();
        foreach (var task in work.Concat([waiting, replicas]))
        {
            await Assert.ThrowsAsync<ShardUnavailableException>(() => task.WaitAsync(TestDirectory.Patience));
        }

        Assert.Throws<ShardUnavailableException>(reader.TryRead);
        Assert.Throws<ShardUnavailableException>(() => partition.Do("get k"));
        Assert.Throws<ShardUnavailableException>(() => closing.Log.OpenReader(1));
        await Assert.ThrowsAsync<ShardUnavailableException>(closing.SyncWalAsync);
        // The native database is really closed: it can be opened again.
        await partition.ReopenAsync();
        Assert.Equal(":2000\r\n", partition.Do("dbsize"));
    }

    [Fact]
    public async Task Writes_that_wait_for_the_disk_share_an_fsync()
    {
        using var partition = new PartitionUnderTest(fsync: FsyncPolicy.Always);
        Assert.True(partition.Partition.WhenDurableAsync(partition.Partition.DurableSequence).AsTask().IsCompleted, "what is durable is not waited for");
        // The disk threads are kept busy: everybody waits for the first fsync.
        using var hold = new ManualResetEventSlim();
        for (var i = 0; i < 4; i++)
        {
            partition.Engine.QueueDiskWork(() => hold.Wait(TestDirectory.Patience));
        }

        var waiting = new List<Task>();
        for (var i = 0; i < 10; i++)
        {
            partition.Do($"set k{i} v");
            waiting.Add(partition.Partition.WhenDurableAsync(partition.Partition.LatestSequence).AsTask());
        }

        Assert.DoesNotContain(waiting, task => task.IsCompleted);
        Assert.All(waiting, task => Assert.Same(waiting[0], task));
        hold.Set();
        await Task.WhenAll(waiting).WaitAsync(TestDirectory.Patience);
        Assert.Equal(partition.Partition.LatestSequence, partition.Partition.DurableSequence);
    }

    [Fact]
    public async Task The_policy_everysec_syncs_each_second_and_keeps_nobody_waiting()
    {
        using var partition = new PartitionUnderTest(fsync: FsyncPolicy.EverySecond);
        partition.Do("set k v");
        Assert.True(partition.Partition.WhenDurableAsync(partition.Partition.LatestSequence).AsTask().IsCompleted, "nobody waits");
        Assert.True(partition.Partition.DurableSequence < partition.Partition.LatestSequence, "not synced yet");
        partition.Clock.Advance(TimeSpan.FromSeconds(1));
        // The tick's fsync, or the one after it.
        Assert.Equal(partition.Partition.LatestSequence, await partition.Partition.SyncWalAsync().WaitAsync(TestDirectory.Patience));
        partition.Partition.Fsync = FsyncPolicy.Always;
        partition.Do("set k w");
        await partition.Partition.WhenDurableAsync(partition.Partition.LatestSequence).AsTask().WaitAsync(TestDirectory.Patience);
        Assert.Equal(partition.Partition.LatestSequence, partition.Partition.DurableSequence);
    }

    [Fact]
    public async Task A_partition_outlives_its_engine_without_harm_when_a_process_ends_in_the_wrong_order()
    {
        using var partition = new PartitionUnderTest(fsync: FsyncPolicy.EverySecond);
        partition.Do("set k v");
        partition.Engine.Dispose();
        partition.Engine.Dispose();
        partition.Clock.Advance(TimeSpan.FromSeconds(1));
        partition.Do("set k w");
        await Assert.ThrowsAsync<ShardUnavailableException>(partition.Partition.SyncWalAsync);
        Assert.Equal("$1\r\nw\r\n", partition.Do("get k"));
    }

    [Fact]
    public void Statistics_tell_keys_and_bytes()
    {
        using var partition = new PartitionUnderTest();
        partition.DoAll([.. Enumerable.Range(0, 100).Select(j => (byte[][])[.. PartitionUnderTest.Words($"set k{j}"), new byte[10_000]])]);
        var statistics = partition.Partition.GetStatistics();
        Assert.InRange(statistics.EstimatedKeys, 90, 110);
        Assert.InRange(statistics.DiskBytes, 1_000_000, 3_000_000);
        Assert.InRange(statistics.EngineMemoryBytes, 1_000_000, 16_000_000);
    }

    [Fact]
    public void Records_of_the_replica_itself_are_written_through_the_log()
    {
        using var partition = new PartitionUnderTest();
        Assert.Null(partition.Partition.ReadMeta("epoch"u8));
        var sequence = partition.Partition.LatestSequence;
        Assert.Equal(sequence + 1, partition.Partition.WriteMeta("epoch"u8, "7"u8));
        Assert.Equal("7"u8.ToArray(), partition.Partition.ReadMeta("epoch"u8));
        partition.Do("flushall");
        Assert.Equal("7"u8.ToArray(), partition.Partition.ReadMeta("epoch"u8));
    }

    [Fact]
    public void A_database_that_is_none_of_ours_is_refused()
    {
        using var partition = new PartitionUnderTest();
        var directory = Path.Combine(partition.Directory, "foreign");
        using (var foreign = partition.Engine.Open(directory))
        {
            foreign.Put("a"u8, "b"u8);
        }

        Assert.Contains("none of Sluice's", Assert.Throws<StorageFormatException>(() => Partition.Open(
            partition.Options with { Directory = directory }, partition.Clock, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance)).Message, StringComparison.Ordinal);
    }
}
