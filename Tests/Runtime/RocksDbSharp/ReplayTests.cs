using FsCheck;
using FsCheck.Fluent;
using RocksDbSharp;

namespace Sluice.Tests.Runtime.RocksDbSharp;

/// <summary>What replication rests on: the raw batches of one database's log, written to another, make the same database.</summary>
public sealed class ReplayTests : IDisposable
{
    private readonly TestDirectory _directory = new();
    private int _run;

    public void Dispose() => _directory.Dispose();

    /// <summary>One change. Keys are few, so that changes meet; flushes move the log to other files.</summary>
    public sealed record Change(int Kind, int Family, byte Key, byte End, byte[] Value);

    [Fact]
    public void A_replayed_log_gives_equal_sequences_and_contents()
    {
        Gen<Change> change =
            from kind in Gen.Choose(0, 9)
            from family in Gen.Choose(0, 2)
            from key in Gen.Choose(0, 15)
            from end in Gen.Choose(0, 15)
            from value in ArbMap.Default.GeneratorFor<byte[]>()
            select new Change(kind, family, (byte)key, (byte)end, value);
        Arbitrary<Change[][]> batches = change.ArrayOf().ArrayOf().ToArbitrary();

        // The seed of a failing run is in the message, to be put into Config.WithReplay.
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(60).WithEndSize(25), Prop.ForAll(batches, Replays));
    }

    private bool Replays(Change[][] batches)
    {
        int run = _run++;
        using RocksDb primary = _directory.Open($"primary{run}");
        using RocksDb replica = _directory.Open($"replica{run}");
        using var log = new LogReader(primary);
        for (int i = 0; i < batches.Length; i++)
        {
            Apply(primary, batches[i]);
            if (i % 4 == 3)
            {
                log.CopyTo(replica);
                primary.Flush(new FlushOptions());
            }
        }

        log.CopyTo(replica);
        Assert.Equal(primary.GetLatestSequenceNumber(), replica.GetLatestSequenceNumber());
        Assert.Equal(TestDirectory.Contents(primary), TestDirectory.Contents(replica));
        return true;
    }

    private static void Apply(RocksDb database, Change[] changes)
    {
        using var batch = new WriteBatch();
        foreach (Change change in changes)
        {
            ColumnFamilyHandle family = database.GetColumnFamily(change.Family switch { 0 => "default", 1 => "one", _ => "two" });
            byte[] key = [change.Key];
            switch (change.Kind)
            {
                case < 6:
                    batch.Put(key, change.Value, family);
                    break;
                case < 8:
                    batch.Delete(key, family);
                    break;
                case 8:
                    byte[] end = [Math.Max(change.Key, change.End)];
                    batch.DeleteRange(key, 1, end, 1, family);
                    break;
                default:
                    batch.PutLogData(change.Value, (ulong)change.Value.Length);
                    break;
            }
        }

        database.Write(batch);
    }

    /// <summary>Copies a log from where it stopped, opening the iterator anew each time.</summary>
    private sealed class LogReader(RocksDb source) : IDisposable
    {
        private ulong _next = 1;

        public void CopyTo(RocksDb target)
        {
            if (source.GetLatestSequenceNumber() < _next)
            {
                return;
            }

            using TransactionLogIterator log = source.GetUpdatesSince(_next);
            for (; log.Valid(); log.Next())
            {
                using WriteBatch batch = log.GetBatch(out ulong sequence);
                if (batch.Count() == 0)
                {
                    continue;
                }

                Assert.Equal(_next, sequence);
                byte[] bytes = batch.ToBytesPooled(out int size);
                using (WriteBatch copy = WriteBatch.FromSpan(bytes.AsSpan(0, size)))
                {
                    target.Write(copy);
                }

                WriteBatch.ReturnPooledBytes(bytes);
                _next += (ulong)batch.Count();
                Assert.Equal(_next - 1, target.GetLatestSequenceNumber());
            }

            log.Status();
        }

        public void Dispose() => Assert.Equal(source.GetLatestSequenceNumber() + 1, _next);
    }
}
