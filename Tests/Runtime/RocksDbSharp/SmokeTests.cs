using System.Text;
using RocksDbSharp;

namespace Sluice.Tests.Runtime.RocksDbSharp;

public class SmokeTests
{
    [Fact]
    public void Everything_once()
    {
        using var dir = new TestDirectory();
        var opts = new DbOptions().SetCreateIfMissing().SetCreateMissingColumnFamilies().SetWalTtlSeconds(3600);
        var cfs = new ColumnFamilies { { "meta", new ColumnFamilyOptions() } };
        using (var db = RocksDb.Open(opts, dir["db"], cfs))
        {
            var meta = db.GetColumnFamily("meta");
            db.Put("a"u8, "1"u8);
            using var b = new WriteBatch().Put("b"u8, "2"u8).Put("m"u8, "3"u8, meta);
            db.Write(b);
            Assert.Equal(3UL, db.GetLatestSequenceNumber());
            Assert.Equal("3", db.Get("m", meta));
            Native.Instance.rocksdb_flush_wal(db.Handle, 1);
            using var it = db.NewIterator();
            var keys = new List<string>();
            for (it.SeekToFirst(); it.Valid(); it.Next()) keys.Add(it.StringKey());
            Assert.Equal(["a", "b"], keys);
            using (var cp = db.Checkpoint()) cp.Save(dir["cp"]);
            using var log = db.GetUpdatesSince(1);
            Assert.True(log.Valid());
            using var first = log.GetBatch(out var seq);
            Assert.Equal(1UL, seq);
            log.Next();
            Assert.True(log.Valid());
            using var second = log.GetBatch(out seq);
            Assert.Equal(2UL, seq);
            Assert.Equal(2, second.Count());
            log.Next();
            Assert.False(log.Valid());
            log.Status();
            Assert.NotNull(db.GetProperty("rocksdb.stats"));
            db.Flush(new FlushOptions());
            Assert.NotEmpty(db.GetLiveFilesMetadata());
            using var snap = db.CreateSnapshot();
            db.Put("a"u8, "9"u8);
            Assert.Equal("1", db.Get("a", null, new ReadOptions().SetSnapshot(snap)));
            var mg = db.MultiGet([Encoding.UTF8.GetBytes("a"), Encoding.UTF8.GetBytes("zz")]);
            Assert.Null(mg[1].Value);
        }

        using var copy = RocksDb.Open(new DbOptions(), dir["cp"], new ColumnFamilies { { "meta", new ColumnFamilyOptions() } });
        Assert.Equal(3UL, copy.GetLatestSequenceNumber());
    }
}
