using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Replication;

namespace Sluice.Tests.Replication.Spool;

/// <summary>The spool against a list of records, through random work and crashes.</summary>
public sealed class LogSpoolModelTests
{
    [Fact]
    public void A_spool_holds_what_a_list_would_hold_also_after_crashes() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(150),
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed => new Run(seed).GoAsync().GetAwaiter().GetResult()));

    private sealed class Run(int seed)
    {
        private static readonly SpoolOptions Options = new() { SegmentBytes = 1_500, ReserveBytes = 0, SyncEvery = TimeSpan.FromHours(1), SyncBytes = int.MaxValue };
        private readonly Random random = new(seed);
        private readonly List<SpooledRecord> model = [];
        private readonly string directory = Directory.CreateTempSubdirectory("sluice-spool-model-").FullName;
        private long next = new Random(seed).Next(1, 1_000);
        private long epoch = 1;

        // Of the model: how many records are durable, and below which sequence nobody wants any.
        private int durable;
        private long wantedFrom;

        public async Task GoAsync()
        {
            var spool = await OpenAsync();
            for (var step = 0; step < 60; step++)
            {
                switch (random.Next(12))
                {
                    case 0:
                        spool = await CrashAsync(spool);
                        break;
                    case 1:
                        wantedFrom = Math.Max(wantedFrom, model.Count == 0 ? 0 : model[random.Next(durable == 0 ? 1 : durable)].Record.Sequence);
                        await spool.TrimAsync(wantedFrom);
                        break;
                    case 2 when model.Count > 0 && random.Next(3) == 0:
                        await CutAsync(spool);
                        break;
                    case 3 when random.Next(6) == 0:
                        await spool.DiscardAsync();
                        model.Clear();
                        (durable, wantedFrom, next) = (0, 0, random.Next(1, 5_000));
                        break;
                    case 4 or 5 or 6:
                        await spool.SyncAsync(CancellationToken.None);
                        durable = model.Count;
                        break;
                    default:
                        await AppendAsync(spool);
                        break;
                }

                await CompareAsync(spool, step);
            }

            await spool.DisposeAsync();
            Directory.Delete(directory, recursive: true);
        }

        private async Task AppendAsync(LogSpool spool)
        {
            epoch += random.Next(8) == 0 ? random.Next(1, 4) : 0;
            var batch = ImmutableArray.CreateBuilder<LogRecord>();
            for (var n = random.Next(1, 5); n > 0; n--)
            {
                var bytes = new byte[random.Next(20) == 0 ? random.Next(100_000) : random.Next(12, 300)];
                random.NextBytes(bytes);
                batch.Add(new LogRecord(next, random.Next(1, 5), bytes));
                next += batch[^1].Count;
            }

            await spool.AppendAsync(epoch, batch.ToImmutable());
            model.AddRange(batch.Select(record => new SpooledRecord(epoch, record)));

            // A full segment is made durable before the next one: what the spool says counts.
            durable = Math.Max(durable, model.Count(record => record.Last <= (spool.Durable?.Last ?? 0)));
        }

        private async Task CutAsync(LogSpool spool)
        {
            await spool.SyncAsync(CancellationToken.None);
            var kept = model.FindIndex(record => record.Record.Sequence >= (spool.Durable?.First ?? 0));
            kept += random.Next(model.Count - kept + 1);
            await spool.CutAsync(kept == 0 ? 0 : model[kept - 1].Last);
            model.RemoveRange(kept, model.Count - kept);
            durable = model.Count;
            AfterCut(spool);
        }

        // What is left of the files is what was durable, and of the rest: nothing, some, or garbage.
        private async Task<LogSpool> CrashAsync(LogSpool spool)
        {
            var last = Directory.GetFiles(directory).Order(StringComparer.Ordinal).LastOrDefault();
            var bytes = last is null ? [] : File.ReadAllBytes(last);
            await spool.DisposeAsync();
            if (last is not null)
            {
                var whole = DurableBytes(bytes);
                using var file = File.OpenHandle(last, FileMode.Open, FileAccess.ReadWrite);
                RandomAccess.SetLength(file, random.Next(whole, bytes.Length + 1));
                if (random.Next(2) == 0)
                {
                    var garbage = new byte[random.Next(500)];
                    random.NextBytes(garbage);
                    RandomAccess.Write(file, garbage, whole + random.Next(Math.Max(1, bytes.Length - whole)));
                }
            }

            var again = await OpenAsync();
            var survived = model.Count(record => record.Last <= (again.Durable?.Last ?? 0));
            Assert.True(survived >= durable, $"seed {seed}: {survived} of {model.Count} records survived, {durable} were durable");
            model.RemoveRange(survived, model.Count - survived);
            durable = survived;
            AfterCut(again);
            return again;
        }

        private int DurableBytes(byte[] segment)
        {
            var end = Math.Min(SpoolEncoding.HeaderBytes, segment.Length);
            var last = durable == 0 ? 0 : model[durable - 1].Last;
            while (end + SpoolEncoding.RecordHeaderBytes <= segment.Length && BitConverter.ToInt64(segment, end + 16) <= last)
            {
                end += SpoolEncoding.RecordHeaderBytes + (int)SpoolEncoding.BatchBytes(segment.AsSpan(end));
            }

            // A segment of which nothing is durable may be torn from its first byte on.
            return end == SpoolEncoding.HeaderBytes ? 0 : end;
        }

        private void AfterCut(LogSpool spool)
        {
            next = spool.Durable is null ? next : model[^1].Last + 1;
            epoch = Math.Max(model.Count == 0 ? 1 : model[^1].Epoch, epoch);
            if (spool.Durable is null)
            {
                model.Clear();
                (durable, wantedFrom) = (0, 0);
            }
        }

        private async Task CompareAsync(LogSpool spool, int step)
        {
            var where = $"seed {seed}, step {step}";
            Assert.Equal(durable == 0 ? 0 : model[durable - 1].Last, spool.Durable?.Last ?? 0);
            if (spool.Durable is not { } range)
            {
                return;
            }

            Assert.True(model[durable - 1].Epoch == range.Epoch, where);
            Assert.True(range.First <= Math.Max(wantedFrom, model[0].Record.Sequence), where);
            var expected = model.Take(durable).Where(record => record.Record.Sequence >= range.First).ToList();
            var from = random.Next(expected.Count);
            using var reader = spool.OpenReader(expected[from].Record.Sequence);
            var read = new List<SpooledRecord>();
            while (await reader.ReadAsync(random.Next(1, 2_000), CancellationToken.None) is { } batch)
            {
                read.AddRange(batch.Records.Select(record => new SpooledRecord(batch.Epoch, record)));
            }

            Assert.Equal(expected.Count - from, read.Count);
            Assert.True(
                expected.Skip(from).Zip(read).All(pair => pair.First.Epoch == pair.Second.Epoch
                    && (pair.First.Record.Sequence, pair.First.Record.Count) == (pair.Second.Record.Sequence, pair.Second.Record.Count)
                    && pair.First.Record.Batch.AsSpan().SequenceEqual(pair.Second.Record.Batch)),
                where);
        }

        private Task<LogSpool> OpenAsync() => LogSpool.OpenAsync(directory, Options, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
    }
}
