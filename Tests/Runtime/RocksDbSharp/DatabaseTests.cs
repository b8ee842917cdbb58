using System.Text;
using RocksDbSharp;

namespace Sluice.Tests.Runtime.RocksDbSharp;

public class DatabaseTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_was_put_is_read_through_every_overload()
    {
        using RocksDb database = _directory.Open("db");
        ColumnFamilyHandle one = database.GetColumnFamily("one");
        database.Put("a"u8.ToArray(), "1"u8.ToArray());
        database.Put("b"u8, "2"u8, one);
        database.Put("ä", "3", one);

        Assert.Equal("1", Text(database.Get("a"u8.ToArray())));
        Assert.Equal("2", Text(database.Get("b"u8, one)));
        Assert.Equal("3", database.Get("ä", one));
        Assert.Equal("3", database.Get(Encoding.UTF8.GetBytes("ä"), new Utf8(), one));
        Assert.Null(database.Get("b"u8));
        Assert.Null(database.Get("b"));
        Assert.Null(database.Get("b"u8, new Utf8()));
        Assert.True(database.HasKey("a"u8));
        Assert.True(database.HasKey("ä", one));
        Assert.False(database.HasKey("ä"));
    }

    [Fact]
    public void What_was_removed_is_gone_through_every_overload()
    {
        using RocksDb database = _directory.Open("db");
        ColumnFamilyHandle one = database.GetColumnFamily("one");
        foreach (string key in new[] { "a", "b", "c" })
        {
            database.Put(key, key, one);
            database.Put(key, key);
        }

        database.Remove("a"u8.ToArray(), one);
        database.Remove("b"u8, one);
        database.Remove("c", one);
        database.Remove("not there");

        Assert.Equal(["default/61=61", "default/62=62", "default/63=63"], TestDirectory.Contents(database));
    }

    [Fact]
    public void An_empty_value_and_an_empty_key_are_not_missing_ones()
    {
        using RocksDb database = _directory.Open("db");
        database.Put("a"u8, []);
        database.Put([], "v"u8);

        Assert.Equal("", Text(database.Get("a"u8)));
        Assert.Equal("v", Text(database.Get(ReadOnlySpan<byte>.Empty)));
        Assert.Equal("", database.Get("a"u8, new Utf8()));
        Assert.True(database.HasKey("a"u8));
    }

    [Fact]
    public void Many_keys_are_read_at_once_from_several_column_families()
    {
        using RocksDb database = _directory.Open("db");
        ColumnFamilyHandle one = database.GetColumnFamily("one");
        database.Put("a", "default a");
        database.Put("a", "one a", one);
        byte[] a = "a"u8.ToArray(), b = "b"u8.ToArray();

        KeyValuePair<byte[], byte[]?>[] both = database.MultiGet([a, a, b], [database.GetDefaultColumnFamily(), one, one]);
        KeyValuePair<byte[], byte[]?>[] plain = database.MultiGet([b, a]);

        Assert.Equal(["default a", "one a", null], both.Select(pair => Text(pair.Value)));
        Assert.Equal([a, a, b], both.Select(pair => pair.Key));
        Assert.Equal([null, "default a"], plain.Select(pair => Text(pair.Value)));
    }

    [Fact]
    public void A_reopened_database_holds_what_was_written()
    {
        using (RocksDb database = _directory.Open("db"))
        {
            database.Put("a", "1", database.GetColumnFamily("one"), new WriteOptions().SetSync(true));
            Assert.Equal(_directory["db"], database.Path);
        }

        using RocksDb again = _directory.Open("db");
        Assert.Equal("1", again.Get("a", again.GetColumnFamily("one")));
        Assert.Equal(1UL, again.GetLatestSequenceNumber());
    }

    [Fact]
    public void A_missing_database_is_an_error_in_rocksdbs_words()
    {
        var refused = Assert.Throws<RocksDbException>(() => RocksDb.Open(new DbOptions(), _directory["none"]));
        Assert.Contains("does not exist (create_if_missing is false)", refused.Message, StringComparison.Ordinal);
        Assert.False(RocksDb.TryListColumnFamilies(new DbOptions(), _directory["none"], out string[] families));
        Assert.Empty(families);
        Assert.Throws<RocksDbException>(() => RocksDb.ListColumnFamilies(new DbOptions(), _directory["none"]));
    }

    [Fact]
    public void An_existing_database_is_refused_where_it_must_not_exist()
    {
        _directory.Open("db").Dispose();
        var refused = Assert.Throws<RocksDbException>(() => RocksDb.Open(new DbOptions().SetErrorIfExists(), _directory["db"], TestDirectory.Families()));
        Assert.Contains("exists (error_if_exists is true)", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_opening_is_refused_by_the_lock()
    {
        using RocksDb database = _directory.Open("db");
        var refused = Assert.Throws<RocksDbException>(() => _directory.Open("db"));
        Assert.Contains("lock hold by current process", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_read_only_database_refuses_writes_and_needs_no_lock()
    {
        using RocksDb database = _directory.Open("db");
        database.Put("a", "1");
        Native.Instance.rocksdb_flush_wal(database.Handle, 1);

        using RocksDb reader = RocksDb.OpenReadOnly(new DbOptions(), _directory["db"], TestDirectory.Families(), false);
        using RocksDb plain = RocksDb.OpenReadOnly(new DbOptions(), _directory["db"], false);

        Assert.Equal("1", reader.Get("a"));
        Assert.Equal("1", plain.Get("a"));
        var refused = Assert.Throws<RocksDbException>(() => reader.Put("a", "2"));
        Assert.Equal("Not implemented: Not supported operation in read only mode.", refused.Message);
    }

    [Fact]
    public void Column_families_are_listed_created_and_dropped()
    {
        using (RocksDb database = _directory.Open("db"))
        {
            ColumnFamilyHandle three = database.CreateColumnFamily(new ColumnFamilyOptions(), "three");
            database.Put("a", "1", three);
            Assert.Same(three, database.GetColumnFamily("three"));
            var twice = Assert.Throws<RocksDbException>(() => database.CreateColumnFamily(new ColumnFamilyOptions(), "three"));
            Assert.Contains("Column family already exists", twice.Message, StringComparison.Ordinal);

            database.DropColumnFamily("two");
            Assert.False(database.TryGetColumnFamily("two", out _));
            Assert.Throws<KeyNotFoundException>(() => database.GetColumnFamily("two"));
            Assert.True(database.TryGetColumnFamily("one", out ColumnFamilyHandle? one));
            Assert.NotEqual(0, one.Handle);
            Assert.Throws<RocksDbException>(() => database.DropColumnFamily("default"));
        }

        Assert.Equal(["default", "one", "three"], RocksDb.ListColumnFamilies(new DbOptions(), _directory["db"]).Order());
        Assert.True(RocksDb.TryListColumnFamilies(new DbOptions(), _directory["db"], out string[] listed));
        Assert.Equal(3, listed.Length);
    }

    [Fact]
    public void Opening_without_a_column_family_that_exists_is_refused()
    {
        _directory.Open("db").Dispose();
        var refused = Assert.Throws<RocksDbException>(() => RocksDb.Open(new DbOptions(), _directory["db"]));
        Assert.Contains("Column families not opened: ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_database_opened_without_naming_column_families_has_only_the_default_one()
    {
        using RocksDb database = RocksDb.Open(new DbOptions().SetCreateIfMissing(), _directory["db"]);
        database.Put("a", "1");
        Assert.Equal("1", database.Get("a"));
        Assert.Throws<RocksDbSharpException>(() => database.GetDefaultColumnFamily());
    }

    [Fact]
    public void Flushing_makes_table_files_that_are_listed_and_merged()
    {
        using RocksDb database = _directory.Open("db");
        ColumnFamilyHandle one = database.GetColumnFamily("one");
        using var wait = new FlushOptionsInUse();
        database.Put("a", "1");
        database.Flush(wait.Options);
        database.Put("z", "1");
        database.Remove("a");
        database.Flush(wait.Options);
        database.Put("k", "1", one);
        Native.Instance.rocksdb_flush_cf(database.Handle, wait.Options.Handle, one.Handle);

        List<LiveFileMetadata> files = database.GetLiveFilesMetadata();
        Assert.Equal(3, files.Count);
        LiveFileMetadata second = Assert.Single(files, file => file.FileDataMetadata is { NumDeletionsInFile: 1 });
        Assert.Equal(("a", "z", 2UL), (second.FileDataMetadata!.SmallestKeyInFile, second.FileDataMetadata.LargestKeyInFile, second.FileDataMetadata.NumEntriesInFile));
        Assert.Equal((ulong)new FileInfo(_directory["db"] + second.FileMetadata.FileName).Length, second.FileMetadata.FileSize);
        Assert.Equal(files.Select(file => file.FileMetadata.FileName).Order(), database.GetLiveFileNames().Order());

        database.CompactRange((byte[]?)null, null);
        LiveFileMetadata merged = Assert.Single(database.GetLiveFilesMetadata(), file => file.FileMetadata.FileLevel > 0);
        Assert.Equal(1UL, merged.FileDataMetadata!.NumEntriesInFile);
        Assert.All(database.GetLiveFilesMetadata(populateFileMetadataOnly: true), file => Assert.Null(file.FileDataMetadata));
    }

    [Fact]
    public void Files_are_kept_while_deletions_are_disabled()
    {
        using RocksDb database = _directory.Open("db");
        database.Put("a", "1");
        database.Flush(new FlushOptions());
        string first = _directory["db"] + Assert.Single(database.GetLiveFileNames());

        database.DisableFileDeletions();
        database.Put("a", "2");
        database.Flush(new FlushOptions());
        database.CompactRange("a", "b");
        Assert.True(File.Exists(first));

        // What could not be deleted is deleted with what the next job leaves behind.
        database.EnableFileDeletions();
        database.Put("a", "3");
        database.Flush(new FlushOptions());
        database.CompactRange("a", "b");
        Assert.False(File.Exists(first));
    }

    [Fact]
    public void Properties_are_read_by_column_family()
    {
        using RocksDb database = _directory.Open("db");
        database.Put("a", "1", database.GetColumnFamily("one"));
        Assert.Equal("0", database.GetProperty("rocksdb.estimate-num-keys"));
        Assert.Equal("1", database.GetProperty("rocksdb.estimate-num-keys", database.GetColumnFamily("one")));
        Assert.Null(database.GetProperty("rocksdb.no-such-property"));
    }

    [Fact]
    public void Options_are_changed_while_open_and_unknown_ones_refused()
    {
        using RocksDb database = _directory.Open("db");
        database.SetOptions([new("disable_auto_compactions", "true"), new("write_buffer_size", "1234567")]);
        string options = File.ReadAllText(Directory.GetFiles(_directory["db"], "OPTIONS-*").Max()!);
        Assert.Contains("write_buffer_size=1234567", options, StringComparison.Ordinal);
        var refused = Assert.Throws<RocksDbException>(() => database.SetOptions([new("no_such_option", "1")]));
        Assert.Contains("no_such_option", refused.Message, StringComparison.Ordinal);
    }

    private static string? Text(byte[]? value) => value is null ? null : Encoding.UTF8.GetString(value);

    private sealed class Utf8 : ISpanDeserializer<string>
    {
        public string Deserialize(ReadOnlySpan<byte> buffer) => Encoding.UTF8.GetString(buffer);
    }

    /// <summary>Options whose raw handle is used must not be collected before the call.</summary>
    private sealed class FlushOptionsInUse : IDisposable
    {
        public FlushOptions Options { get; } = new FlushOptions().SetWaitForFlush(true);

        public void Dispose() => GC.KeepAlive(Options);
    }
}
