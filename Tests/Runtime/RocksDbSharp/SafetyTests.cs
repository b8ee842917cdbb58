using System.Runtime.CompilerServices;
using RocksDbSharp;

namespace Sluice.Tests.Runtime.RocksDbSharp;

/// <summary>What would be a crash or a read of freed memory is an exception.</summary>
public sealed class SafetyTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_disposed_database_refuses_everything()
    {
        RocksDb database = _directory.Open("db");
        ColumnFamilyHandle one = database.GetColumnFamily("one");
        database.Put("a", "1");
        using var batch = new WriteBatch();
        nint handle = database.Handle;
        database.Dispose();
        database.Dispose();

        Action[] calls =
        [
            () => database.Get("a"), () => database.Get("a"u8), () => database.HasKey("a"), () => database.MultiGet(["a"u8.ToArray()]),
            () => database.Put("a", "1"), () => database.Remove("a"), () => database.Write(batch), () => database.NewIterator(),
            () => database.NewIterator(one), () => database.CreateSnapshot(), () => database.Checkpoint(), () => database.GetLatestSequenceNumber(),
            () => database.GetUpdatesSince(1), () => database.Flush(new FlushOptions()), () => database.CompactRange("a", "b"),
            database.DisableFileDeletions, database.EnableFileDeletions, () => database.SetOptions([]), () => database.GetProperty("rocksdb.stats"),
            () => database.GetProperty("rocksdb.stats", one), () => database.GetLiveFileNames(), () => database.GetLiveFilesMetadata(),
            () => database.GetColumnFamily("one"), () => database.GetDefaultColumnFamily(), () => database.TryGetColumnFamily("one", out _),
            () => database.CreateColumnFamily(new ColumnFamilyOptions(), "x"), () => database.DropColumnFamily("one"),
            () => batch.Put("a"u8, "1"u8, one), () => batch.Delete("a"u8, one),
            () => Native.Instance.rocksdb_flush_wal(database.Handle, 1), () => Native.Instance.rocksdb_flush_wal(handle, 1),
        ];
        Assert.All(calls, call => Assert.Throws<ObjectDisposedException>(call));
        Assert.Equal(0, database.Handle);
        Assert.Equal(0, one.Handle);
    }

    [Fact]
    public void Whatever_else_is_disposed_refuses_every_call_and_may_be_disposed_twice()
    {
        using RocksDb database = _directory.Open("db");
        database.Put("a", "1");
        Iterator iterator = database.NewIterator().SeekToFirst();
        TransactionLogIterator log = database.GetUpdatesSince(1);
        Snapshot snapshot = database.CreateSnapshot();
        ReadOptions options = new ReadOptions().SetSnapshot(snapshot);
        Checkpoint checkpoint = database.Checkpoint();
        var batch = new WriteBatch();
        foreach (IDisposable part in new IDisposable[] { iterator, log, snapshot, checkpoint, batch })
        {
            part.Dispose();
            part.Dispose();
        }

        Action[] calls =
        [
            () => iterator.Valid(), () => iterator.SeekToFirst(), () => iterator.SeekToLast(), () => iterator.Seek("a"), () => iterator.SeekForPrev("a"),
            () => iterator.Next(), () => iterator.Prev(), () => iterator.Key(), () => iterator.GetValueSpan(),
            () => Native.Instance.rocksdb_iter_get_error(iterator.Handle), () => log.Valid(), log.Next, log.Status, () => log.GetBatch(out _),
            () => database.Get("a", readOptions: options), () => database.NewIterator(readOptions: options),
            () => database.MultiGet(["a"u8.ToArray()], readOptions: options), () => new ReadOptions().SetSnapshot(snapshot),
            () => checkpoint.Save(_directory["copy"]), () => batch.Put("a", "1"), () => batch.Delete("a"u8), () => batch.Clear(), () => batch.Count(),
            () => batch.ToBytes(), () => batch.ToBytesPooled(out _), () => batch.PutLogData([], 0), () => batch.DeleteRange([], 0, [], 0),
            () => database.Write(batch),
        ];
        Assert.All(calls, call => Assert.Throws<ObjectDisposedException>(call));
    }

    [Fact]
    public void What_was_made_from_a_database_is_refused_after_it_and_keeps_its_lock_until_disposed()
    {
        RocksDb database = _directory.Open("db");
        database.Put("a", "1");
        using Iterator iterator = database.NewIterator().SeekToFirst();
        TransactionLogIterator log = database.GetUpdatesSince(1);
        Snapshot snapshot = database.CreateSnapshot();
        ReadOnlySpan<byte> key = iterator.GetKeySpan();
        database.Dispose();

        // Memory that was given out stays until its owner is disposed.
        Assert.Equal((byte)'a', key[0]);
        Assert.Throws<ObjectDisposedException>(() => iterator.Next());
        Assert.Throws<ObjectDisposedException>(() => log.Valid());
        Assert.Throws<RocksDbException>(() => _directory.Open("db"));
        snapshot.Dispose();
        log.Dispose();
        iterator.Dispose();

        using RocksDb again = _directory.Open("db");
        Assert.Equal("1", again.Get("a"));
    }

    [Fact]
    public void What_is_forgotten_is_freed_by_finalizers()
    {
        ForgetDatabaseWithAllParts();
        for (int i = 0; i < 4; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        using RocksDb again = _directory.Open("db");
        Assert.Equal("1", again.Get("a"));

        [MethodImpl(MethodImplOptions.NoInlining)]
        void ForgetDatabaseWithAllParts()
        {
            RocksDb database = _directory.Open("db");
            database.Put("a", "1");
            _ = database.NewIterator(database.GetColumnFamily("one"), new ReadOptions().SetIterateUpperBound("x"));
            _ = database.CreateSnapshot();
            _ = database.Checkpoint();
            _ = database.GetUpdatesSince(1).GetBatch(out ulong _);
        }
    }

    [Fact]
    public async Task Disposing_under_running_readers_and_writers_only_refuses_them()
    {
        for (int round = 0; round < 5; round++)
        {
            RocksDb database = _directory.Open("db");
            database.Put("a", "1");
            var running = new CountdownEvent(4);
            Task[] users = [.. Enumerable.Range(0, 4).Select(kind => Task.Factory.StartNew(
                () => UseUntilRefused(database, kind, running), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
            Assert.True(running.Wait(TimeSpan.FromSeconds(30)), "the readers and writers did not start");

            database.Dispose();

            await Task.WhenAll(users).WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
            _directory.Open("db").Dispose();
        }
    }

    [Fact]
    public void Handles_of_another_database_are_refused()
    {
        using RocksDb database = _directory.Open("db"), other = _directory.Open("other");
        ColumnFamilyHandle foreign = other.GetColumnFamily("one");
        using Snapshot snapshot = other.CreateSnapshot();

        Assert.Throws<ArgumentException>(() => database.Get("a", foreign));
        Assert.Throws<ArgumentException>(() => database.Put("a", "1", foreign));
        Assert.Throws<ArgumentException>(() => database.NewIterator(foreign));
        Assert.Throws<ArgumentException>(() => database.MultiGet(["a"u8.ToArray()], [foreign]));
        Assert.Throws<ArgumentException>(() => database.Get("a", new HomeMade()));
        Assert.Throws<ArgumentException>(() => database.Get("a", readOptions: new ReadOptions().SetSnapshot(snapshot)));
    }

    [Fact]
    public void A_dropped_column_family_is_refused_while_its_iterators_live_on()
    {
        using RocksDb database = _directory.Open("db");
        ColumnFamilyHandle one = database.GetColumnFamily("one");
        database.Put("a", "1", one);
        using Iterator iterator = database.NewIterator(one);
        database.DropColumnFamily("one");

        Assert.Throws<ObjectDisposedException>(() => database.Get("a", one));
        Assert.Equal("1", iterator.SeekToFirst().StringValue());
    }

    [Fact]
    public void Bounds_do_not_change_under_an_open_iterator()
    {
        using RocksDb database = _directory.Open("db");
        ReadOptions options = new ReadOptions().SetIterateUpperBound("m");
        using (database.NewIterator(readOptions: options))
        {
            Assert.Throws<InvalidOperationException>(() => options.SetIterateUpperBound("z"));
            Assert.Throws<InvalidOperationException>(() => options.SetIterateLowerBound("a"));
        }

        options.SetIterateUpperBound("z");
    }

    [Fact]
    public void A_filter_policy_and_a_prefix_extractor_have_one_owner()
    {
        BloomFilterPolicy policy = BloomFilterPolicy.Create();
        new BlockBasedTableOptions().SetFilterPolicy(policy);
        Assert.Throws<InvalidOperationException>(() => new BlockBasedTableOptions().SetFilterPolicy(policy));
        SliceTransform transform = SliceTransform.CreateFixedPrefix(1);
        new DbOptions().SetPrefixExtractor(transform);
        Assert.Throws<InvalidOperationException>(() => new DbOptions().SetPrefixExtractor(transform));
    }

    [Fact]
    public void A_column_family_named_twice_is_refused_before_anything_is_opened()
    {
        var families = new ColumnFamilies { { "one", new ColumnFamilyOptions() }, { "one", new ColumnFamilyOptions() } };
        var refused = Assert.Throws<ArgumentException>(() => RocksDb.Open(new DbOptions().SetCreateIfMissing(), _directory["db"], families));
        Assert.Contains("default, one, one", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory["db"]));
    }

    [Fact]
    public void A_failed_deserializer_leaves_the_value_unpinned()
    {
        RocksDb database = _directory.Open("db");
        database.Put("a", "1");
        Assert.Throws<FormatException>(() => database.Get("a"u8, new Failing()));
        database.Dispose();
        _directory.Open("db").Dispose();
    }

    [Fact]
    public void The_data_path_allocates_nothing_but_results()
    {
        using RocksDb database = _directory.Open("db");
        ColumnFamilyHandle one = database.GetColumnFamily("one");
        using var batch = new WriteBatch();
        using Iterator iterator = database.NewIterator(one);
        var length = new Length();
        ReadOptions options = new ReadOptions().SetFillCache(false);
        Use(database, one, batch, iterator, length, options);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Use(database, one, batch, iterator, length, options);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Use(RocksDb database, ColumnFamilyHandle one, WriteBatch batch, Iterator iterator, Length length, ReadOptions options)
    {
        database.Put("a"u8, "value"u8, one);
        Assert.True(database.HasKey("a"u8, one, options) && database.Get("a"u8, length, one, options) == 5);
        database.Remove("b"u8, one);
        batch.Clear().Put("a"u8, "value"u8, one).Delete("b"u8, one);
        database.Write(batch);
        for (iterator.Seek("a"u8); iterator.Valid(); iterator.Next())
        {
            _ = iterator.GetKeySpan().Length + iterator.GetValueSpan().Length;
        }

        _ = database.GetLatestSequenceNumber();
    }

    private static void UseUntilRefused(RocksDb database, int kind, CountdownEvent running)
    {
        using var batch = new WriteBatch();
        batch.Put("a", "1");
        bool signalled = false;
        try
        {
            while (true)
            {
                switch (kind)
                {
                    case 0:
                        Assert.Equal("1", database.Get("a"));
                        break;
                    case 1:
                        database.Write(batch);
                        break;
                    case 2:
                        using (Iterator iterator = database.NewIterator())
                        {
                            Assert.Equal("1", iterator.SeekToFirst().StringValue());
                        }

                        break;
                    default:
                        Native.Instance.rocksdb_flush_wal(database.Handle, 1);
                        break;
                }

                if (!signalled)
                {
                    signalled = true;
                    running.Signal();
                }
            }
        }
        catch (ObjectDisposedException)
        {
            Assert.Equal(0, database.Handle);
        }
    }

    private sealed class HomeMade : ColumnFamilyHandle
    {
        public IntPtr Handle => 0;
    }

    private sealed class Failing : ISpanDeserializer<int>
    {
        public int Deserialize(ReadOnlySpan<byte> buffer) => throw new FormatException();
    }

    private sealed class Length : ISpanDeserializer<int>
    {
        public int Deserialize(ReadOnlySpan<byte> buffer) => buffer.Length;
    }
}
