using System.Buffers.Binary;
using RocksDbSharp;

namespace Sluice.Tests.Runtime.RocksDbSharp;

public sealed class WriteBatchTests : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly RocksDb _database;

    public WriteBatchTests() => _database = _directory.Open("db");

    public void Dispose()
    {
        _database.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public unsafe void A_batch_applies_its_entries_in_order()
    {
        ColumnFamilyHandle one = _database.GetColumnFamily("one");
        using var batch = new WriteBatch();
        batch.Put("a", "1").Put("b"u8.ToArray(), "2"u8.ToArray()).Put("c"u8, "3"u8);
        batch.Put("a"u8, "4"u8, one).Put("b"u8.ToArray(), "5"u8.ToArray(), one).Put("c"u8, "6"u8, one);
        batch.Delete("a"u8).Delete("a"u8.ToArray(), one);
        batch.DeleteRange("b"u8.ToArray(), 1, "cX"u8.ToArray(), 1, one);
        fixed (byte* start = "b"u8, end = "c"u8)
        {
            batch.DeleteRange(start, 1, end, 1);
        }

        Assert.Equal(10, batch.Count());
        _database.Write(batch, new WriteOptions().SetSync(true));

        Assert.Equal(10UL, _database.GetLatestSequenceNumber());
        Assert.Equal(["default/63=33", "one/63=36"], TestDirectory.Contents(_database));
    }

    [Fact]
    public void A_value_may_be_given_in_parts()
    {
        using var batch = new WriteBatch();
        batch.PutVector(_database.GetColumnFamily("one"), "a"u8.ToArray(), "1"u8.ToArray(), ReadOnlyMemory<byte>.Empty, "23"u8.ToArray());
        Assert.Equal(1, batch.Count());
        _database.Write(batch);
        Assert.Equal(["one/61=313233"], TestDirectory.Contents(_database));
    }

    [Fact]
    public void A_range_that_ends_before_it_starts_is_refused_before_it_breaks_the_database()
    {
        using var batch = new WriteBatch();
        Assert.Throws<ArgumentException>(() => batch.DeleteRange("b"u8.ToArray(), 1, "a"u8.ToArray(), 1));
        Assert.Throws<ArgumentException>(() => batch.DeleteRange("ab"u8.ToArray(), 2, "a"u8.ToArray(), 1));
        batch.DeleteRange("a"u8.ToArray(), 1, "a"u8.ToArray(), 1).DeleteRange("a"u8.ToArray(), 1, [0xFF], 1);
        _database.Put("a", "1");
        _database.Write(batch);
        Assert.Empty(TestDirectory.Contents(_database));
    }

    [Fact]
    public void A_cleared_batch_is_empty_and_log_data_takes_no_sequence()
    {
        using var batch = new WriteBatch();
        batch.Put("a", "1").Clear();
        batch.PutLogData("note"u8.ToArray(), 4);
        Assert.Equal(0, batch.Count());
        _database.Write(batch);
        Assert.Equal(0UL, _database.GetLatestSequenceNumber());
        Assert.Empty(TestDirectory.Contents(_database));
    }

    [Fact]
    public void Bytes_make_the_same_batch_again_through_every_constructor()
    {
        using WriteBatch original = new WriteBatch().Put("a"u8, "1"u8).Put("a"u8, "2"u8, _database.GetColumnFamily("two")).Delete("gone"u8);
        byte[] bytes = original.ToBytes();
        byte[] pooled = original.ToBytesPooled(out int size);
        Assert.Equal(bytes, pooled.AsSpan(0, size));

        using var whole = new WriteBatch(bytes);
        using var prefix = new WriteBatch([.. bytes, 1, 2, 3], bytes.Length);
        using WriteBatch span = WriteBatch.FromSpan(pooled.AsSpan(0, size));
        WriteBatch.ReturnPooledBytes(pooled);

        Assert.All(new[] { whole, prefix, span }, copy => Assert.Equal(bytes, copy.ToBytes()));
        Assert.Equal(3, BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8)));
        _database.Write(span);
        Assert.Equal(["default/61=31", "two/61=32"], TestDirectory.Contents(_database));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    public void Bytes_shorter_than_a_header_are_refused(int length)
    {
        var refused = Assert.Throws<ArgumentException>(() => new WriteBatch(new byte[length]));
        Assert.Contains($"these are {length}", refused.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => WriteBatch.FromSpan(new byte[length]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WriteBatch(new byte[length], length + 1));
    }

    /// <summary>
    /// RocksDB logs a batch before it looks inside. Whoever takes raw batches from elsewhere must check them first.
    /// </summary>
    [Theory]
    [InlineData("0000000000000000 02000000 0101610131 01016201", "bad WriteBatch Put")]
    [InlineData("0000000000000000 03000000 0101610131 0101620132", "WriteBatch has wrong count")]
    [InlineData("0000000000000000 02000000 7701610131 0101620132", "unknown WriteBatch tag")]
    public void A_malformed_batch_is_refused_and_leaves_the_database_unusable(string bytes, string reason)
    {
        using (var batch = new WriteBatch(Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal))))
        {
            Assert.Equal("Corruption: " + reason, Assert.Throws<RocksDbException>(() => _database.Write(batch)).Message);
        }

        Assert.Equal("Corruption: " + reason, Assert.Throws<RocksDbException>(() => _database.Put("a", "1")).Message);
        _database.Dispose();
        Assert.Equal("Corruption: " + reason, Assert.Throws<RocksDbException>(() => _directory.Open("db")).Message);
    }

    [Fact]
    public void A_batch_for_a_column_family_that_is_not_here_is_refused_and_stops_writes_until_reopened()
    {
        using (var batch = new WriteBatch([.. new byte[8], 1, 0, 0, 0, 5, 99, 1, (byte)'a', 1, (byte)'1']))
        {
            var refused = Assert.Throws<RocksDbException>(() => _database.Write(batch));
            Assert.Equal("Invalid argument: Invalid column family specified in write batch", refused.Message);
        }

        Assert.Throws<RocksDbException>(() => _database.Put("a", "1"));
        _database.Dispose();
        using RocksDb again = _directory.Open("db");
        Assert.Empty(TestDirectory.Contents(again));
        again.Put("a", "1");
    }
}
