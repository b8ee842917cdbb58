using System.Text;
using RocksDbSharp;

namespace Sluice.Tests.Runtime.RocksDbSharp;

public sealed class IteratorTests : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly RocksDb _database;

    public IteratorTests()
    {
        _database = _directory.Open("db");
        foreach (string key in new[] { "b1", "a1", "b3", "c1", "b2" })
        {
            _database.Put(key, "value of " + key);
        }
    }

    public void Dispose()
    {
        _database.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Entries_come_in_key_order_forwards_and_backwards()
    {
        using Iterator iterator = _database.NewIterator();
        Assert.Equal(["a1", "b1", "b2", "b3", "c1"], Walk(iterator.SeekToFirst()));

        var backwards = new List<string>();
        for (iterator.SeekToLast(); iterator.Valid(); iterator.Prev())
        {
            backwards.Add(iterator.StringValue());
        }

        Assert.Equal(["value of c1", "value of b3", "value of b2", "value of b1", "value of a1"], backwards);
    }

    [Fact]
    public void Seeking_stands_on_the_nearest_key_on_the_asked_side()
    {
        using Iterator iterator = _database.NewIterator();
        Assert.Equal("b1", iterator.Seek("b").StringKey());
        Assert.Equal("b2", iterator.Seek("b2"u8).StringKey());
        Assert.Equal("c1", iterator.Seek("b4"u8.ToArray()).StringKey());
        Assert.Equal("a1", iterator.SeekForPrev("b").StringKey());
        Assert.Equal("b2", iterator.SeekForPrev("b2"u8).StringKey());
        Assert.Equal("b3", iterator.SeekForPrev("b4"u8.ToArray()).StringKey());
        Assert.False(iterator.Seek("d").Valid());
        Assert.False(iterator.SeekForPrev("a").Valid());
    }

    [Fact]
    public void Keys_and_values_are_given_as_copies_spans_and_deserialized()
    {
        using Iterator iterator = _database.NewIterator();
        iterator.Seek("b2");
        Assert.Equal("b2"u8, iterator.Key());
        Assert.Equal("value of b2"u8, iterator.Value());
        Assert.Equal("b2"u8, iterator.GetKeySpan());
        Assert.Equal("value of b2"u8, iterator.GetValueSpan());
        Assert.Equal(2, iterator.Key(new Length()));
        Assert.Equal(11, iterator.Value(new Length()));
    }

    [Fact]
    public void Bounds_limit_a_walk()
    {
        ReadOptions options = new ReadOptions().SetIterateLowerBound("b1").SetIterateUpperBound("b3");
        using (Iterator iterator = _database.NewIterator(readOptions: options))
        {
            Assert.Equal(["b1", "b2"], Walk(iterator.SeekToFirst()));
            Assert.Equal("b2", iterator.SeekToLast().StringKey());
        }

        options.SetIterateUpperBound("b9"u8.ToArray(), 1).SetIterateLowerBound("a"u8.ToArray());
        using Iterator again = _database.NewIterator(readOptions: options);
        Assert.Equal(["a1"], Walk(again.SeekToFirst()));
    }

    [Fact]
    public void Bounds_outlive_their_options_object()
    {
        using Iterator iterator = Bounded();
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal(["a1", "b1"], Walk(iterator.SeekToFirst()));

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        Iterator Bounded() => _database.NewIterator(readOptions: new ReadOptions().SetIterateUpperBound("b2"));
    }

    [Fact]
    public void A_prefix_ends_a_walk_only_where_asked()
    {
        var options = new DbOptions().SetCreateIfMissing().SetPrefixExtractor(SliceTransform.CreateFixedPrefix(1));
        using RocksDb prefixed = RocksDb.Open(options, _directory["prefixed"]);
        foreach (string key in new[] { "a1", "b1", "b2", "c1" })
        {
            prefixed.Put(key, "");
        }

        using Iterator within = prefixed.NewIterator(readOptions: new ReadOptions().SetPrefixSameAsStart(true));
        using Iterator across = prefixed.NewIterator(readOptions: new ReadOptions().SetTotalOrderSeek(true));
        Assert.Equal(["b1", "b2"], Walk(within.Seek("b")));
        Assert.Equal(["b1", "b2", "c1"], Walk(across.Seek("b")));
    }

    [Fact]
    public void A_walk_sees_the_moment_of_its_creation()
    {
        using Iterator iterator = _database.NewIterator(readOptions: new ReadOptions().SetFillCache(false).SetReadaheadSize(1 << 20));
        _database.Remove("b2");
        _database.Put("b4", "late");
        Assert.Equal(["a1", "b1", "b2", "b3", "c1"], Walk(iterator.SeekToFirst()));
    }

    [Fact]
    public void A_snapshot_is_read_by_keys_many_keys_and_walks()
    {
        using Snapshot snapshot = _database.CreateSnapshot();
        _database.Put("a1", "new");
        _database.Put("b4", "new");
        ReadOptions options = new ReadOptions().SetSnapshot(snapshot).SetVerifyChecksums(true);

        Assert.Equal("value of a1", _database.Get("a1", readOptions: options));
        Assert.False(_database.HasKey("b4", readOptions: options));
        Assert.Equal("value of a1", Encoding.UTF8.GetString(_database.MultiGet(["a1"u8.ToArray()], readOptions: options)[0].Value!));
        using Iterator iterator = _database.NewIterator(readOptions: options);
        Assert.Equal(["a1", "b1", "b2", "b3", "c1"], Walk(iterator.SeekToFirst()));
        Assert.Equal("new", _database.Get("a1"));
    }

    [Fact]
    public void A_walk_over_damaged_files_reports_the_error_that_ended_it()
    {
        _database.Put("zz", string.Concat(Enumerable.Repeat("0123456789", 1000)));
        _database.Flush(new FlushOptions());
        string file = _directory["db"] + Assert.Single(_database.GetLiveFileNames());
        using (FileStream stream = File.OpenWrite(file))
        {
            stream.Write(Encoding.ASCII.GetBytes("damaged"));
        }

        using Iterator iterator = _database.NewIterator();
        Assert.False(iterator.SeekToFirst().Valid());
        var damage = Assert.Throws<RocksDbException>(() => Native.Instance.rocksdb_iter_get_error(iterator.Handle));
        Assert.Contains("Corruption", damage.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_iterator_on_no_entry_has_neither_key_nor_next()
    {
        using Iterator iterator = _database.NewIterator();
        Assert.False(iterator.Valid());
        Assert.Throws<InvalidOperationException>(() => iterator.Key());
        Assert.Throws<InvalidOperationException>(() => iterator.Value());
        Assert.Throws<InvalidOperationException>(() => iterator.Next());
        Assert.Throws<InvalidOperationException>(() => iterator.Prev());
        Native.Instance.rocksdb_iter_get_error(iterator.Handle);
    }

    private static List<string> Walk(Iterator iterator)
    {
        var keys = new List<string>();
        for (; iterator.Valid(); iterator.Next())
        {
            keys.Add(iterator.StringKey());
        }

        return keys;
    }

    private sealed class Length : ISpanDeserializer<int>
    {
        public int Deserialize(ReadOnlySpan<byte> buffer) => buffer.Length;
    }
}
