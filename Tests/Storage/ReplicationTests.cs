using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Replication;
using Sluice.Storage;
using Sluice.Storage.Log;
using Sluice.Storage.Snapshots;

namespace Sluice.Tests.Storage;

public sealed class ReplicationTests
{
    [Fact]
    public async Task A_replica_built_from_a_snapshot_and_the_log_equals_its_primary()
    {
        using var primary = new PartitionUnderTest();
        var commands = new RandomCommands(new Random(1));
        Run(primary, commands, 2000);
        var snapshot = Path.Combine(primary.Directory, "snapshot");
        var manifest = await primary.Partition.CreateSnapshotAsync(snapshot, Guid.NewGuid());
        Run(primary, commands, 2000);
        primary.Clock.Advance(TimeSpan.FromHours(100));
        while (primary.Partition.ExpireDue(10) == 10)
        {
            Run(primary, commands, 10);
        }

        using var replica = Install(manifest, snapshot, primary);
        Assert.Equal(manifest.Sequence, replica.Partition.LatestSequence);
        Follow(primary, replica);
        Assert.Equal(primary.Partition.LatestSequence, replica.Partition.LatestSequence);
        var digest = await primary.Partition.ComputeDigestAsync();
        Assert.NotEqual(0, digest.Keys);
        Assert.Equal(digest, await replica.Partition.ComputeDigestAsync());

        // And it can lead: its own log goes on from the snapshot's sequence.
        Run(replica, commands, 100);
        using var reader = replica.Partition.Log.OpenReader(manifest.Sequence + 1);
        Assert.Equal(manifest.Sequence + 1, reader.TryRead()!.Sequence);
    }

    [Fact]
    public async Task Large_values_live_in_blob_files_which_are_part_of_a_snapshot()
    {
        using var primary = new PartitionUnderTest();
        var random = new Random(1);
        for (var i = 0; i < 20; i++)
        {
            var value = new byte[100_000];
            random.NextBytes(value);
            primary.Do("SET"u8.ToArray(), Encoding.ASCII.GetBytes($"large{i}"), value);
        }

        var snapshot = Path.Combine(primary.Directory, "snapshot");
        var manifest = await primary.Partition.CreateSnapshotAsync(snapshot, Guid.NewGuid());
        var blobs = manifest.Files.Where(file => file.Name.EndsWith(".blob", StringComparison.Ordinal)).ToList();

        Assert.True(blobs.Sum(file => file.Size) > 20 * 100_000);
        using var replica = Install(manifest, snapshot, primary);
        Assert.Equal(await primary.Partition.ComputeDigestAsync(), await replica.Partition.ComputeDigestAsync());
    }

    [Fact]
    public async Task Snapshots_made_while_writes_go_on_stand_at_the_sequence_that_they_say()
    {
        using var primary = new PartitionUnderTest();
        using var stop = new CancellationTokenSource();
        var writer = Task.Run(() =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                primary.Do($"set key{i % 1000} {new string('x', 4000)}{i}");
            }
        });
        for (var i = 0; i < 3; i++)
        {
            var snapshot = Path.Combine(primary.Directory, $"snapshot{i}");
            var manifest = await primary.Partition.CreateSnapshotAsync(snapshot, Guid.NewGuid());
            StagedCopy.Verify(primary.Engine, snapshot, manifest, checksums: true);
            Assert.DoesNotContain(manifest.Files, file => file.Name is "LOG" or "LOCK" or "IDENTITY");
            Assert.NotEqual("", manifest.DatabaseId);
            using var replica = Install(manifest, snapshot, primary);
            Follow(primary, replica);
            Assert.True(replica.Partition.LatestSequence > manifest.Sequence, "the log went on");
        }

        await stop.CancelAsync();
        await writer;
    }

    [Fact]
    public async Task A_flipped_bit_in_a_staged_copy_is_found()
    {
        using var primary = new PartitionUnderTest();
        primary.Do("set k v");
        var snapshot = Path.Combine(primary.Directory, "snapshot");
        var manifest = await primary.Partition.CreateSnapshotAsync(snapshot, Guid.NewGuid());
        var table = Path.Combine(snapshot, manifest.Files.First(file => file.Name.EndsWith(".sst", StringComparison.Ordinal)).Name);
        var bytes = await File.ReadAllBytesAsync(table);
        bytes[10] ^= 1;
        // A new file: the old one is a hard link to the primary's.
        File.Delete(table);
        await File.WriteAllBytesAsync(table, bytes);
        Assert.Throws<StagedCopyException>(() => StagedCopy.Verify(primary.Engine, snapshot, manifest, checksums: true));
        Assert.Throws<StagedCopyException>(() => StagedCopy.Verify(primary.Engine, snapshot, manifest with { Sequence = 1 }));
        File.Delete(table);
        Assert.Throws<StagedCopyException>(() => StagedCopy.Verify(primary.Engine, snapshot, manifest));
    }

    [Fact]
    public void Records_that_do_not_follow_are_refused_and_nothing_behind_them_is_applied()
    {
        using var primary = new PartitionUnderTest();
        using var replica = new PartitionUnderTest();
        primary.DoAll("set a 1");
        primary.DoAll("set b 2");
        primary.DoAll("set c 3");
        var records = Records(primary, replica.Partition.LatestSequence + 1);
        Assert.Equal(3, records.Count);
        Assert.Throws<LogGapException>(() => replica.Partition.Apply([records[1]]));
        Assert.Throws<LogGapException>(() => replica.Partition.Apply([records[0], records[2]]));
        Assert.Equal(["$1\r\n1\r\n", "$-1\r\n", "$-1\r\n"], replica.DoAll("get a", "get b", "get c"));
        Assert.Throws<LogGapException>(() => replica.Partition.Apply([records[0]]));
        var forged = records[1].Batch.ToArray();
        forged[8] = 2;
        Assert.Throws<InvalidDataException>(() => replica.Partition.Apply([records[1] with { Batch = forged }]));
        Assert.Throws<InvalidDataException>(() => replica.Partition.Apply([records[1] with { Count = 2 }]));
        Assert.Equal(primary.Partition.LatestSequence, replica.Partition.Apply(records.Skip(1)));
    }

    [Fact]
    public async Task A_reader_waits_for_what_is_written_and_goes_on_over_new_log_files()
    {
        using var primary = new PartitionUnderTest();
        var log = primary.Partition.Log;
        using var reader = log.OpenReader(log.LatestSequence + 1);
        Assert.Null(reader.TryRead());
        for (var i = 0; i < 20; i++)
        {
            var before = log.LatestSequence;
            var waiting = log.WaitForNewerAsync(before, CancellationToken.None).AsTask();
            Assert.False(waiting.IsCompleted);
            // More than a memtable now and then, so that a new log file begins.
            primary.Do([.. PartitionUnderTest.Words($"set key{i}"), new byte[i % 5 == 4 ? 9 << 20 : 10]]);
            await waiting.WaitAsync(TestDirectory.Patience);
            Assert.Equal(before + 1, reader.TryRead()!.Sequence);
            Assert.Null(reader.TryRead());
        }

        using var again = log.OpenReader(2);
        Assert.Equal(20, Enumerable.Range(0, 20).Count(_ => again.TryRead() is not null));
    }

    [Fact]
    public async Task A_replica_that_follows_a_busy_primary_equals_it_in_the_end()
    {
        const int Batches = 1500;
        using var primary = new PartitionUnderTest();
        using var replica = new PartitionUnderTest(clock: primary.Clock, engine: primary.Engine, fsync: FsyncPolicy.EverySecond);
        var log = primary.Partition.Log;
        var writer = Task.Run(() =>
        {
            var random = new Random(3);
            for (var i = 0; i < Batches; i++)
            {
                // Some 30 MB: several memtables, so log files come and go beside the reader. Records end anywhere within the blocks of the log.
                byte[][][] batch = [.. Enumerable.Range(0, random.Next(1, 8)).Select(_ => (byte[][])[.. PartitionUnderTest.Words($"set key{random.Next(500)}"), new byte[random.Next(10_000)]])];
                Assert.All(primary.DoAll(batch), reply => Assert.Equal("+OK\r\n", reply));
            }

            return log.LatestSequence;
        });
        using var reader = log.OpenReader(2);
        var end = long.MaxValue;
        while (replica.Partition.LatestSequence < end)
        {
            var records = new List<LogRecord>();
            while (records.Count < 20 && reader.TryRead() is { } record)
            {
                records.Add(record);
            }

            if (records.Count > 0)
            {
                var acknowledged = await replica.Partition.ApplyAsync(new LogBatch { Records = [.. records] });
                Assert.Equal(records[^1].Sequence + records[^1].Count - 1, acknowledged);
                Assert.True(replica.Partition.DurableSequence >= acknowledged, "what is acknowledged is durable");
            }
            else if (writer.IsCompleted)
            {
                end = await writer;
            }
            else
            {
                await Task.WhenAny(log.WaitForNewerAsync(replica.Partition.LatestSequence, CancellationToken.None).AsTask(), writer).WaitAsync(TestDirectory.Patience);
            }
        }

        Assert.Equal(await primary.Partition.ComputeDigestAsync(), await replica.Partition.ComputeDigestAsync());
    }

    [Fact]
    public async Task The_log_of_before_a_restart_can_be_read()
    {
        using var primary = new PartitionUnderTest();
        primary.Do("set a 1");
        await primary.ReopenAsync();
        primary.Do("set b 2");
        await primary.ReopenAsync();
        primary.Do("set c 3");
        Assert.Equal([2, 3, 4], Records(primary, 2).Select(record => record.Sequence));
    }

    [Fact]
    public async Task A_torn_end_of_the_log_is_forgotten_and_the_log_goes_on_before_it()
    {
        using var primary = new PartitionUnderTest();
        primary.Do("set a 1");
        var whole = primary.Partition.LatestSequence;
        primary.Do("set b 2");
        await primary.CloseAsync();
        var file = new DirectoryInfo(primary.Options.Directory).GetFiles("*.log").MaxBy(log => log.Name)!;
        using (var log = file.Open(FileMode.Open))
        {
            log.SetLength(log.Length - 3);
        }

        await primary.ReopenAsync();
        Assert.Equal(whole, primary.Partition.LatestSequence);
        primary.Do("set c 3");
        Assert.Equal(["$1\r\n1\r\n", "$-1\r\n", "$1\r\n3\r\n"], primary.DoAll("get a", "get b", "get c"));
        Assert.Equal([2, 3], Records(primary, 2).Select(record => record.Sequence));
    }

    [Fact]
    public void A_log_that_was_trimmed_is_truncated_for_who_needs_the_removed_part()
    {
        using var primary = new PartitionUnderTest();
        var log = primary.Partition.Log;
        for (var i = 0; i < 8; i++)
        {
            primary.Do([.. PartitionUnderTest.Words($"set key{i}"), new byte[9 << 20]]);
        }

        Assert.NotEqual(0, primary.Partition.GetStatistics().RetainedLogBytes);
        using (var whole = log.OpenReader(1))
        {
            Assert.Equal(1, whole.TryRead()!.Sequence);
        }

        Assert.NotEqual(0, LogRetention.Trim(primary.Options.Directory, 0));
        Assert.Contains("full copy", Assert.Throws<LogTruncatedException>(() => log.OpenReader(1)).Message, StringComparison.Ordinal);
        Assert.Throws<LogTruncatedException>(() => log.OpenReader(log.LatestSequence + 2));
        using var next = log.OpenReader(log.LatestSequence + 1);
        Assert.Null(next.TryRead());
    }

    [Fact]
    public async Task The_kept_log_is_trimmed_within_a_second()
    {
        using var primary = new PartitionUnderTest();
        primary.Partition.LogRetentionBytes = 0;
        for (var i = 0; i < 4; i++)
        {
            primary.Do([.. PartitionUnderTest.Words($"set key{i}"), new byte[9 << 20]]);
        }

        primary.Clock.Advance(TimeSpan.FromSeconds(1));
        // The tick's work stands in the disk threads' queue before this.
        using var done = new CountdownEvent(4);
        for (var i = 0; i < 4; i++)
        {
            primary.Engine.QueueDiskWork(() =>
            {
                done.Signal();
                done.Wait(TestDirectory.Patience);
            });
        }

        Assert.True(await Task.Run(() => done.Wait(TestDirectory.Patience)), "the disk threads did their work");
        Assert.Equal(0, primary.Partition.GetStatistics().RetainedLogBytes);
    }

    [Fact]
    public void A_sequence_within_a_record_belongs_to_another_history()
    {
        using var primary = new PartitionUnderTest();
        primary.DoAll("set a 1", "set b 2", "set c 3");
        using var reader = primary.Partition.Log.OpenReader(2);
        Assert.Equal(3, reader.TryRead()!.Count);
        Assert.Contains("within the record", Assert.Throws<LogTruncatedException>(() => primary.Partition.Log.OpenReader(3)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_for_replicas_ends_when_enough_have_acknowledged_or_the_time_is_over()
    {
        using var primary = new PartitionUnderTest();
        primary.Do("set a 1");
        var log = primary.Partition.Log;
        var sequence = log.LatestSequence;
        Assert.Equal(0, await log.WaitForReplicasAsync(sequence, 1, TimeSpan.Zero));
        Assert.Equal(0, await log.WaitForReplicasAsync(sequence, 0, TimeSpan.FromSeconds(1)));
        var two = log.WaitForReplicasAsync(sequence, 2, Timeout.InfiniteTimeSpan);
        var spooling = log.Follow(new ReplicaKey(0, "node-d"), FollowerMode.Spool, 1);
        var b = log.Follow(new ReplicaKey(0, "node-b"), FollowerMode.Apply, sequence + 1);
        var c = log.Follow(new ReplicaKey(0, "node-c"), FollowerMode.Apply, 1);
        Assert.Equal(0, await log.WaitForReplicasAsync(sequence, 1, TimeSpan.Zero));
        spooling.Acknowledged(sequence, 0);
        b.Acknowledged(sequence, 0);
        c.Acknowledged(sequence - 1, 0);
        Assert.False(two.IsCompleted);
        var late = log.WaitForReplicasAsync(sequence, 2, TimeSpan.FromSeconds(5));
        primary.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(1, await late.WaitAsync(TestDirectory.Patience));
        c.Acknowledged(sequence + 100, 0);
        Assert.Equal(2, await two.WaitAsync(TestDirectory.Patience));
        b.Dispose();
        spooling.Dispose();
        Assert.Equal([("node-c", sequence)], log.Followers.Select(follower => (follower.Node, follower.DurableSequence)));
    }

    private static void Run(PartitionUnderTest partition, RandomCommands commands, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var command = commands.Next();
            command[0] = Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(command[0]).ToUpperInvariant());
            partition.Do(command);
        }
    }

    private static PartitionUnderTest Install(SnapshotManifest manifest, string staged, PartitionUnderTest primary)
    {
        var root = new PartitionDirectory(staged + "-replica");
        root.Recover();
        StagedCopy.Verify(primary.Engine, staged, manifest, checksums: true);
        root.Install(staged, manifest);
        return new PartitionUnderTest(root.Root, primary.Clock, engine: primary.Engine);
    }

    private static void Follow(PartitionUnderTest primary, PartitionUnderTest replica) =>
        replica.Partition.Apply(Records(primary, replica.Partition.LatestSequence + 1));

    private static List<LogRecord> Records(PartitionUnderTest partition, long from)
    {
        using var reader = partition.Partition.Log.OpenReader(from);
        var records = new List<LogRecord>();
        while (reader.TryRead() is { } record)
        {
            records.Add(record);
        }

        return records;
    }
}
