using System.Globalization;
using RocksDbSharp;

namespace Sluice.Tests.Runtime.RocksDbSharp;

public sealed class CheckpointTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_checkpoint_is_the_database_at_its_sequence_and_stays_so()
    {
        using RocksDb database = _directory.Open("db");
        database.Put("a", "1");
        database.Put("b", "2", database.GetColumnFamily("two"));
        using (Checkpoint checkpoint = database.Checkpoint())
        {
            checkpoint.Save(_directory["copy"]);
            database.Put("a", "changed");
            checkpoint.Save(_directory["later"]);
        }

        using RocksDb copy = _directory.Open("copy");
        using RocksDb later = _directory.Open("later");
        Assert.Equal(2UL, copy.GetLatestSequenceNumber());
        Assert.Equal(["default/61=31", "two/62=32"], TestDirectory.Contents(copy));
        Assert.Equal("changed", later.Get("a"));
    }

    [Fact]
    public void A_checkpoint_with_a_log_size_copies_the_log_instead_of_flushing()
    {
        using RocksDb database = _directory.Open("db");
        database.Put("a", "1");
        using (Checkpoint checkpoint = database.Checkpoint())
        {
            checkpoint.Save(_directory["copy"], logSizeForFlush: 1 << 30);
        }

        Assert.Empty(database.GetLiveFileNames());
        using RocksDb copy = _directory.Open("copy");
        Assert.Equal("1", copy.Get("a"));
    }

    [Fact]
    public void A_directory_that_exists_or_has_no_parent_is_refused()
    {
        using RocksDb database = _directory.Open("db");
        using Checkpoint checkpoint = database.Checkpoint();
        checkpoint.Save(_directory["copy"]);
        var exists = Assert.Throws<RocksDbException>(() => checkpoint.Save(_directory["copy"]));
        Assert.Equal("Invalid argument: Directory exists", exists.Message);
        Assert.Throws<RocksDbException>(() => checkpoint.Save(_directory["no/such/parent"]));
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL << 30)]
    public async Task Checkpoints_open_at_a_consistent_sequence_while_a_writer_writes(ulong logSizeForFlush)
    {
        using RocksDb database = _directory.Open("db");
        using var enough = new CancellationTokenSource();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task writer = Task.Factory.StartNew(
            () => WriteUntil(database, started, enough.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);

        var before = new List<ulong>();
        using (Checkpoint checkpoint = database.Checkpoint())
        {
            for (int i = 0; i < 5; i++)
            {
                before.Add(database.GetLatestSequenceNumber());
                checkpoint.Save(_directory[$"copy{i}"], logSizeForFlush);
            }
        }

        await enough.CancelAsync();
        await writer.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);

        for (int i = 0; i < before.Count; i++)
        {
            using RocksDb copy = _directory.Open($"copy{i}");
            ulong sequence = copy.GetLatestSequenceNumber();
            Assert.InRange(sequence, before[i], database.GetLatestSequenceNumber());
            string expected = (sequence / 3).ToString(CultureInfo.InvariantCulture);
            Assert.Equal(0UL, sequence % 3);
            Assert.Equal(expected, copy.Get("n"));
            Assert.Equal(expected, copy.Get("n", copy.GetColumnFamily("one")));
            Assert.Equal(expected, copy.Get("n", copy.GetColumnFamily("two")));
        }
    }

    /// <summary>Batch n sets one key in each of three column families to n, and so ends at sequence 3n.</summary>
    private static void WriteUntil(RocksDb database, TaskCompletionSource started, CancellationToken enough)
    {
        ColumnFamilyHandle one = database.GetColumnFamily("one"), two = database.GetColumnFamily("two");
        for (long n = 1; !enough.IsCancellationRequested; n++)
        {
            byte[] value = System.Text.Encoding.UTF8.GetBytes(n.ToString(CultureInfo.InvariantCulture));
            using var batch = new WriteBatch();
            batch.Put("n"u8, value).Put("n"u8, value, one).Put("n"u8, value, two);
            database.Write(batch);
            started.TrySetResult();
        }
    }
}
