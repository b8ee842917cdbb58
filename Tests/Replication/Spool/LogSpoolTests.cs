using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Replication;

namespace Sluice.Tests.Replication.Spool;

public sealed class LogSpoolTests : IDisposable
{
    private static readonly SpoolOptions Small = new() { SegmentBytes = 2_000, ReserveBytes = 0, SyncEvery = TimeSpan.FromHours(1), SyncBytes = int.MaxValue };
    private readonly string root = Directory.CreateTempSubdirectory("sluice-spool-").FullName;

    private string Spool => Path.Combine(root, "spool");

    [Fact]
    public async Task What_was_appended_is_read_again_after_reopening()
    {
        var random = new Random(1);
        var records = new List<(long Epoch, LogRecord Record)>();
        await using (var spool = await OpenAsync())
        {
            Assert.Null(spool.Durable);
            for (var batch = 0; batch < 50; batch++)
            {
                await AppendAsync(spool, records, random, epoch: 1 + batch / 20, first: 42);
            }

            await spool.SyncAsync(CancellationToken.None);
            Assert.Equal(RangeOf(records), spool.Durable);
            await AssertReadsAsync(spool, records, 42);
            Assert.True(Directory.GetFiles(Spool).Length > 3, "there are several segments");
            Assert.Equal(Directory.GetFiles(Spool).Sum(file => new FileInfo(file).Length), spool.Bytes);
        }

        await using var again = await OpenAsync();
        Assert.Equal(RangeOf(records), again.Durable);
        foreach (var from in new[] { 0, 1, records.Count / 2, records.Count - 1 })
        {
            await AssertReadsAsync(again, records.Skip(from), records[from].Record.Sequence);
        }
    }

    [Fact]
    public async Task A_reader_sees_only_what_is_durable_and_what_becomes_durable_later()
    {
        await using var spool = await OpenAsync();
        using var reader = spool.OpenReader(7);
        Assert.Null(await reader.ReadAsync(1000, CancellationToken.None));
        await spool.AppendAsync(1, [Record(7, 2), Record(9, 1)]);
        Assert.Null(await reader.ReadAsync(1000, CancellationToken.None));
        var newer = reader.WaitForNewerAsync(CancellationToken.None);
        Assert.False(newer.IsCompleted);

        await spool.SyncAsync(CancellationToken.None);

        await newer.WaitAsync(LoopbackNodes.Bound);
        Assert.Equal([7L, 9L], (await reader.ReadAsync(1000, CancellationToken.None))!.Records.Select(record => record.Sequence));
        Assert.Equal(10, reader.Next);
        await spool.AppendAsync(2, [Record(10, 1)]);
        await spool.SyncAsync(CancellationToken.None);
        var batch = (await reader.ReadAsync(1000, CancellationToken.None))!;
        Assert.Equal((2, 10), (batch.Epoch, batch.Records[0].Sequence));
        Assert.Null(await reader.ReadAsync(1000, CancellationToken.None));
    }

    [Fact]
    public async Task A_batch_is_of_one_epoch_and_ends_at_its_size()
    {
        await using var spool = await OpenAsync();
        await spool.AppendAsync(1, [Record(1, 1, bytes: 100), Record(2, 1, bytes: 100), Record(3, 1, bytes: 100)]);
        await spool.AppendAsync(2, [Record(4, 1, bytes: 100)]);
        await spool.SyncAsync(CancellationToken.None);
        using var reader = spool.OpenReader(1);
        var sizes = new List<(long, int)>();
        while (await reader.ReadAsync(150, CancellationToken.None) is { } batch)
        {
            sizes.Add((batch.Epoch, batch.Records.Length));
        }

        Assert.Equal([(1, 2), (1, 1), (2, 1)], sizes);
    }

    [Fact]
    public async Task Durability_follows_in_the_background()
    {
        await using var spool = await LogSpool.OpenAsync(Spool, Small with { SyncBytes = 1 }, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        var advanced = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        spool.DurableAdvanced += sequence => advanced.TrySetResult(sequence);
        await spool.AppendAsync(1, [Record(5, 3)]);
        Assert.Equal(7, await advanced.Task.WaitAsync(LoopbackNodes.Bound));
    }

    [Theory]
    [InlineData(1, 8, 1)]
    [InlineData(1, 10, 1)]
    [InlineData(1, 9, 0)]
    [InlineData(0, 9, 1)]
    public async Task What_does_not_follow_is_refused_and_changes_nothing(long epoch, long sequence, int count)
    {
        await using var spool = await OpenAsync();
        await spool.AppendAsync(1, [Record(7, 2)]);
        await Assert.ThrowsAsync<LogGapException>(() => spool.AppendAsync(epoch, [Record(sequence, count)]));
        await spool.AppendAsync(1, [Record(9, 1)]);
        await spool.SyncAsync(CancellationToken.None);
        Assert.Equal(new SpoolRange(7, 9, 1), spool.Durable);
    }

    [Fact]
    public async Task Trimming_removes_whole_segments_and_nothing_that_is_wanted()
    {
        var records = new List<(long Epoch, LogRecord Record)>();
        await using var spool = await OpenAsync();
        for (var batch = 0; batch < 60; batch++)
        {
            await AppendAsync(spool, records, new Random(batch), 1, 1);
        }

        await spool.SyncAsync(CancellationToken.None);
        var before = spool.Bytes;
        var middle = records[records.Count / 2].Record.Sequence;

        await spool.TrimAsync(middle);

        Assert.InRange(spool.Durable!.First, 2, middle);
        Assert.InRange(spool.Bytes, 1, before - 1);
        Assert.Equal(Directory.GetFiles(Spool).Sum(file => new FileInfo(file).Length), spool.Bytes);
        await AssertReadsAsync(spool, records.Where(record => record.Record.Sequence >= middle), middle);
        using (var reader = spool.OpenReader(1))
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => reader.ReadAsync(1, CancellationToken.None));
        }

        await spool.TrimAsync(long.MaxValue);
        Assert.Single(Directory.GetFiles(Spool));
        Assert.Equal(records[^1].Record.Sequence + records[^1].Record.Count - 1, spool.Durable.Last);
    }

    [Fact]
    public async Task Discarding_leaves_nothing_and_the_next_record_may_begin_anywhere()
    {
        await using var spool = await OpenAsync();
        await spool.AppendAsync(5, [Record(100, 1)]);
        await spool.DiscardAsync();
        Assert.Null(spool.Durable);
        Assert.Equal(0, spool.Bytes);
        Assert.Empty(Directory.GetFiles(Spool));
        await spool.AppendAsync(1, [Record(3, 1)]);
        await spool.SyncAsync(CancellationToken.None);
        Assert.Equal(new SpoolRange(3, 3, 1), spool.Durable);
    }

    [Fact]
    public async Task A_flipped_bit_ends_the_log_before_it_with_a_typed_error_and_the_spool_can_be_cut_there()
    {
        var records = new List<(long Epoch, LogRecord Record)>();
        await using var spool = await OpenAsync();
        for (var batch = 0; batch < 30; batch++)
        {
            await AppendAsync(spool, records, new Random(batch), 1, 1);
        }

        await spool.SyncAsync(CancellationToken.None);
        var file = Directory.GetFiles(Spool).Order(StringComparer.Ordinal).ElementAt(2);
        var bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 2] ^= 16;
        File.WriteAllBytes(file, bytes);

        var read = new List<LogRecord>();
        using var reader = spool.OpenReader(1);
        var error = await Assert.ThrowsAsync<SpoolDamagedException>(async () =>
        {
            while (await reader.ReadAsync(500, CancellationToken.None) is { } batch)
            {
                read.AddRange(batch.Records);
            }
        });
        Assert.Equal(read[^1].Sequence + read[^1].Count - 1, error.LastGood);
        AssertSame(records.Take(read.Count).Select(record => record.Record), read);

        await spool.CutAsync(error.LastGood);

        Assert.Equal(error.LastGood, spool.Durable!.Last);
        records.RemoveRange(read.Count, records.Count - read.Count);
        await AppendAsync(spool, records, new Random(99), 2, 1);
        await spool.SyncAsync(CancellationToken.None);
        await AssertReadsAsync(spool, records, 1);
    }

    [Fact]
    public async Task A_segment_that_vanished_ends_the_log_before_it()
    {
        var records = new List<(long Epoch, LogRecord Record)>();
        await using (var spool = await OpenAsync())
        {
            for (var batch = 0; batch < 30; batch++)
            {
                await AppendAsync(spool, records, new Random(batch), 1, 1);
            }

            await spool.SyncAsync(CancellationToken.None);
            using var reader = spool.OpenReader(1);
            await reader.ReadAsync(1, CancellationToken.None);
            var files = Directory.GetFiles(Spool).Order(StringComparer.Ordinal).ToList();
            File.Delete(files[1]);
            var error = await Assert.ThrowsAsync<SpoolDamagedException>(async () =>
            {
                while (await reader.ReadAsync(500, CancellationToken.None) is not null)
                {
                    // To where it ends.
                }
            });
            Assert.Equal(reader.Next - 1, error.LastGood);
            Assert.True(error.LastGood < records[^1].Record.Sequence);
        }

        await using var again = await OpenAsync();
        var kept = records.Where(record => record.Record.Sequence <= again.Durable!.Last).ToList();
        Assert.InRange(kept.Count, 1, records.Count - 1);
        await AssertReadsAsync(again, kept, 1);
    }

    [Fact]
    public async Task A_spool_of_a_newer_version_is_refused_and_kept()
    {
        await using (var spool = await OpenAsync())
        {
            await spool.AppendAsync(1, [Record(1, 1)]);
            await spool.SyncAsync(CancellationToken.None);
        }

        var file = Directory.GetFiles(Spool)[0];
        var bytes = File.ReadAllBytes(file);
        BitConverter.TryWriteBytes(bytes.AsSpan(4), SpoolEncoding.Version + 1);
        BitConverter.TryWriteBytes(bytes.AsSpan(32), Crc32C.Compute(bytes.AsSpan(0, 32)));
        File.WriteAllBytes(file, bytes);
        await Assert.ThrowsAsync<SpoolVersionException>(OpenAsync);
        Assert.Equal(bytes, File.ReadAllBytes(file));
    }

    /// <summary>The format, byte by byte, as another program computed it: what an older program wrote must stay readable, so this may change only together with the version.</summary>
    [Fact]
    public void The_format_is_what_it_was()
    {
        Assert.Equal("534C535001000000D2040000000000002900000000000000A00F00000000000067DD42CE", Convert.ToHexString(SpoolEncoding.WriteHeader(new SpoolHeader(1234, 41, 4000))));
        var record = new byte[SpoolEncoding.RecordHeaderBytes];
        SpoolEncoding.WriteRecordHeader(record, 7, new LogRecord(1234, 2, [1, 2, 3]));
        Assert.Equal("1700000029075EC60700000000000000D20400000000000002000000", Convert.ToHexString(record));
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    internal static LogRecord Record(long sequence, int count, int bytes = 20)
    {
        var batch = new byte[bytes];
        new Random((int)sequence).NextBytes(batch);
        return new LogRecord(sequence, count, batch);
    }

    private static async Task AppendAsync(LogSpool spool, List<(long Epoch, LogRecord Record)> records, Random random, long epoch, long first)
    {
        var next = records.Count == 0 ? first : records[^1].Record.Sequence + records[^1].Record.Count;
        var batch = ImmutableArray.CreateBuilder<LogRecord>();
        for (var n = random.Next(1, 6); n > 0; n--)
        {
            batch.Add(Record(next, random.Next(1, 4), random.Next(12, 400)));
            next += batch[^1].Count;
        }

        await spool.AppendAsync(epoch, batch.ToImmutable());
        records.AddRange(batch.Select(record => (epoch, record)));
    }

    private static SpoolRange RangeOf(List<(long Epoch, LogRecord Record)> records) =>
        new(records[0].Record.Sequence, records[^1].Record.Sequence + records[^1].Record.Count - 1, records[^1].Epoch);

    private static async Task AssertReadsAsync(LogSpool spool, IEnumerable<(long Epoch, LogRecord Record)> expected, long from)
    {
        using var reader = spool.OpenReader(from);
        var read = new List<(long Epoch, LogRecord Record)>();
        while (await reader.ReadAsync(700, CancellationToken.None) is { } batch)
        {
            read.AddRange(batch.Records.Select(record => (batch.Epoch, record)));
        }

        var all = expected.ToList();
        Assert.Equal(all.Select(record => record.Epoch), read.Select(record => record.Epoch));
        AssertSame(all.Select(record => record.Record), read.Select(record => record.Record));
    }

    private static void AssertSame(IEnumerable<LogRecord> expected, IEnumerable<LogRecord> actual) => Assert.Equal(
        expected.Select(record => (record.Sequence, record.Count, Convert.ToHexString(record.Batch))), actual.Select(record => (record.Sequence, record.Count, Convert.ToHexString(record.Batch))));

    private Task<LogSpool> OpenAsync() => LogSpool.OpenAsync(Spool, Small, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
}
