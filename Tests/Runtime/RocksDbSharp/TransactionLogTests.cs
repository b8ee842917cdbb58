using RocksDbSharp;

namespace Sluice.Tests.Runtime.RocksDbSharp;

public sealed class TransactionLogTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_log_gives_each_batch_with_its_sequence()
    {
        using RocksDb database = _directory.Open("db");
        Write(database, "a", "b", "c");
        Write(database, "d");
        Write(database, "e", "f");

        Assert.Equal([(1, 3), (4, 1), (5, 2)], Read(database, 1));
        Assert.Equal([(1, 3), (4, 1), (5, 2)], Read(database, 0));
    }

    [Fact]
    public void The_log_begins_with_the_batch_that_holds_the_sequence()
    {
        using RocksDb database = _directory.Open("db");
        Write(database, "a", "b", "c");
        Write(database, "d");

        Assert.Equal([(1, 3), (4, 1)], Read(database, 2));
        Assert.Equal([(1, 3), (4, 1)], Read(database, 3));
        Assert.Equal([(4, 1)], Read(database, 4));
    }

    [Fact]
    public void A_sequence_above_the_latest_is_refused_in_rocksdbs_words()
    {
        using RocksDb database = _directory.Open("db");
        Write(database, "a");
        var refused = Assert.Throws<RocksDbException>(() => database.GetUpdatesSince(2));
        Assert.Equal("NotFound: Requested sequence not yet written in the db", refused.Message);
    }

    [Fact]
    public void The_log_of_a_new_database_is_empty_and_has_no_next()
    {
        using RocksDb database = _directory.Open("db");
        using TransactionLogIterator log = database.GetUpdatesSince(0);
        Assert.False(log.Valid());
        log.Status();
        Assert.Throws<InvalidOperationException>(() => log.GetBatch(out _));
        Assert.Throws<InvalidOperationException>(log.Next);
    }

    [Fact]
    public void An_open_iterator_reads_on_what_is_written_meanwhile()
    {
        using RocksDb database = _directory.Open("db");
        Write(database, "a");
        using TransactionLogIterator log = database.GetUpdatesSince(1);
        Assert.True(log.Valid());
        log.Next();
        Assert.False(log.Valid());
        log.Status();

        Write(database, "b", "c");
        log.Next();

        Assert.True(log.Valid());
        using WriteBatch batch = log.GetBatch(out ulong sequence);
        Assert.Equal((2UL, 2), (sequence, batch.Count()));
    }

    [Fact]
    public void An_open_iterator_asks_for_another_when_the_log_was_switched()
    {
        using RocksDb database = _directory.Open("db");
        Write(database, "a");
        using TransactionLogIterator log = database.GetUpdatesSince(1);
        log.Next();
        database.Flush(new FlushOptions());
        Write(database, "b");

        log.Next();

        Assert.False(log.Valid());
        var again = Assert.Throws<RocksDbException>(log.Status);
        Assert.Contains("Create a new iterator to fetch the new tail.", again.Message, StringComparison.Ordinal);
        Assert.Equal([(2, 1)], Read(database, 2));
    }

    [Fact]
    public void The_log_reaches_back_over_flushes_while_it_is_archived()
    {
        using RocksDb database = _directory.Open("db");
        for (int i = 0; i < 5; i++)
        {
            Write(database, "a", "b");
            FlushAll(database);
        }

        Assert.Equal([(1, 2), (3, 2), (5, 2), (7, 2), (9, 2)], Read(database, 1));
        Assert.Equal([(5, 2), (7, 2), (9, 2)], Read(database, 6));
    }

    [Fact]
    public void A_gap_shows_in_the_first_sequence()
    {
        using RocksDb database = WithoutArchive();
        database.Put("a", "1");
        database.Put("b", "1");
        database.Flush(new FlushOptions());
        Write(database, "c", "d");

        Assert.Equal([(3, 2)], Read(database, 1));
        Assert.Equal([(3, 2)], Read(database, 3));
    }

    [Fact]
    public void A_gap_with_nothing_after_it_shows_as_an_empty_log_below_the_latest_sequence()
    {
        using RocksDb database = WithoutArchive();
        database.Put("a", "1");
        database.Put("b", "1");
        database.Flush(new FlushOptions());

        Assert.Equal(2UL, database.GetLatestSequenceNumber());
        Assert.Empty(Read(database, 1));
    }

    [Fact]
    public void A_gap_inside_the_log_is_an_error_in_rocksdbs_words()
    {
        using RocksDb database = _directory.Open("db");
        database.Put("a", "1");
        database.Put("b", "1", writeOptions: new WriteOptions().DisableWal(1));
        database.Put("c", "1");

        using TransactionLogIterator log = database.GetUpdatesSince(1);
        Assert.True(log.Valid());
        log.Next();
        Assert.False(log.Valid());
        var gap = Assert.Throws<RocksDbException>(log.Status);
        Assert.Equal("NotFound: Gap in sequence numbers", gap.Message);
    }

    [Fact]
    public void A_batch_outlives_its_iterator_and_its_database()
    {
        WriteBatch batch;
        using (RocksDb database = _directory.Open("db"))
        {
            Write(database, "a");
            using TransactionLogIterator log = database.GetUpdatesSince(1);
            batch = log.GetBatch(out _);
        }

        using (batch)
        {
            Assert.Equal(1, batch.Count());
            Assert.Contains((byte)'a', batch.ToBytes());
        }
    }

    [Fact]
    public void A_manual_log_is_on_the_disk_only_after_it_is_flushed()
    {
        var options = new DbOptions().SetCreateIfMissing();
        Native.Instance.rocksdb_options_set_manual_wal_flush(options.Handle, 1);
        using RocksDb database = RocksDb.Open(options, _directory["manual"]);
        database.Put("a", "1");
        Assert.Null(ReadElsewhere("a"));

        Native.Instance.rocksdb_flush_wal(database.Handle, Native.MarshalBool(true));
        Assert.Equal("1", ReadElsewhere("a"));

        string? ReadElsewhere(string key)
        {
            using RocksDb reader = RocksDb.OpenReadOnly(new DbOptions(), _directory["manual"], false);
            return reader.Get(key);
        }
    }

    private static void Write(RocksDb database, params string[] keys)
    {
        using var batch = new WriteBatch();
        foreach (string key in keys)
        {
            batch.Put(key, "value");
        }

        database.Write(batch);
    }

    /// <summary>The sequences and counts of the log's batches.</summary>
    private static List<(ulong Sequence, int Count)> Read(RocksDb database, ulong sequence)
    {
        var batches = new List<(ulong, int)>();
        using TransactionLogIterator log = database.GetUpdatesSince(sequence);
        for (; log.Valid(); log.Next())
        {
            using WriteBatch batch = log.GetBatch(out ulong first);
            batches.Add((first, batch.Count()));
        }

        log.Status();
        return batches;
    }

    /// <summary>Flushes every column family: a log is archived only when none needs it.</summary>
    private static void FlushAll(RocksDb database)
    {
        var options = new FlushOptions();
        foreach (string family in new[] { "default", "one", "two" })
        {
            Native.Instance.rocksdb_flush_cf(database.Handle, options.Handle, database.GetColumnFamily(family).Handle);
        }

        GC.KeepAlive(options);
    }

    private RocksDb WithoutArchive() => RocksDb.Open(new DbOptions().SetCreateIfMissing(), _directory["db"]);
}
