using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Replication;

namespace Sluice.Tests.Replication.Staging;

public sealed class StagingResumeTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("sluice-resume-").FullName;

    private string Staging => Path.Combine(root, "staging");

    [Fact]
    public async Task A_copy_that_is_killed_again_and_again_goes_on_at_the_durable_byte()
    {
        const int seed = 23;
        var random = new Random(seed);
        for (var round = 0; round < 10; round++)
        {
            var copy = new SnapshotCopy(random, files: random.Next(1, 6), largest: 20_000);
            var writer = await copy.BeginAsync(Staging, []);
            long sent = 0;
            var lost = 0L;
            while (writer.DurablePosition < writer.TotalBytes)
            {
                sent += await copy.SendAsync(writer, random, upTo: writer.ReceivedPosition + random.NextInt64(writer.TotalBytes) / 3 + 1);
                if (random.Next(2) == 0)
                {
                    await writer.RewindAsync(CancellationToken.None);
                }

                var (durable, received) = (writer.DurablePosition, writer.ReceivedPosition);
                lost += received - durable;
                await writer.DisposeAsync();
                TearTail(writer.Plan, durable, random);
                writer = (await ResumeAsync())!;
                Assert.False(writer.TransferChanged, $"seed {seed}, round {round}");
                Assert.Equal((durable, durable), (writer.DurablePosition, writer.ReceivedPosition));
                Assert.Equal(copy.Plan.Lease, writer.Plan.Lease);
                Assert.Equal("a", writer.Plan.Source);
            }

            await writer.CompleteAsync(CancellationToken.None);
            await writer.DisposeAsync();
            Assert.Equal(writer.TotalBytes + lost, sent);
            copy.AssertWhole(Staging);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_flipped_bit_or_a_vanished_file_is_found_and_only_that_file_is_sent_again(bool vanished)
    {
        var random = new Random(5);
        var copy = new SnapshotCopy(random, files: 5, largest: 0, size: 10_000);
        await using (var writer = await copy.BeginAsync(Staging, []))
        {
            await copy.SendAsync(writer, random, upTo: 34_567);
            await writer.RewindAsync(CancellationToken.None);
        }

        Damage(copy.NameOf(1), vanished);
        await using var again = (await ResumeAsync())!;
        Assert.True(again.TransferChanged);
        Assert.Equal([3, 4, 1], again.Plan.Transfer.AsEnumerable());
        Assert.Equal(4_567, again.DurablePosition);
        Assert.Equal(30_000, again.TotalBytes);

        // And once more, before anything has come: the journal tells of the new transfer.
        await again.DisposeAsync();
        await using var third = (await ResumeAsync())!;
        Assert.False(third.TransferChanged);
        Assert.Equal(30_000 - 4_567, await copy.SendAsync(third, random, third.TotalBytes));
        await third.CompleteAsync(CancellationToken.None);
        copy.AssertWhole(Staging);
    }

    [Fact]
    public async Task A_flipped_bit_in_the_file_that_is_begun_begins_it_anew_in_the_same_transfer()
    {
        var random = new Random(6);
        var copy = new SnapshotCopy(random, files: 3, largest: 0, size: 10_000);
        await using (var writer = await copy.BeginAsync(Staging, []))
        {
            await copy.SendAsync(writer, random, upTo: 15_000);
            await writer.RewindAsync(CancellationToken.None);
        }

        Damage(copy.NameOf(1), vanished: false);
        await using var again = (await ResumeAsync())!;
        Assert.False(again.TransferChanged);
        Assert.Equal(10_000, again.DurablePosition);
        Assert.Equal(20_000, await copy.SendAsync(again, random, again.TotalBytes));
        await again.CompleteAsync(CancellationToken.None);
        copy.AssertWhole(Staging);
    }

    [Fact]
    public async Task A_file_that_arrives_corrupt_is_sent_again_and_nothing_else()
    {
        var random = new Random(7);
        var copy = new SnapshotCopy(random, files: 3, largest: 0, size: 10_000);
        await using var writer = await copy.BeginAsync(Staging, []);
        await copy.SendAsync(writer, random, upTo: 16_000);
        await writer.RewindAsync(CancellationToken.None);
        Assert.Equal(16_000, writer.DurablePosition);
        await Assert.ThrowsAsync<StagedFileCorruptException>(async () => await writer.WriteAsync(new SnapshotChunk(1, 6_000, new byte[4_000])));

        await writer.RewindAsync(CancellationToken.None);

        Assert.Equal((10_000, 10_000), (writer.ReceivedPosition, writer.DurablePosition));
        Assert.Equal(10_000, StagingJournal.Load(Staging)!.Position);
        await copy.SendAsync(writer, random, writer.TotalBytes);
        await writer.CompleteAsync(CancellationToken.None);
        copy.AssertWhole(Staging);
    }

    [Fact]
    public async Task Reading_back_can_be_given_up_and_begun_again()
    {
        var random = new Random(8);
        var copy = new SnapshotCopy(random, files: 3, largest: 0, size: 10_000);
        await using (var writer = await copy.BeginAsync(Staging, []))
        {
            await copy.SendAsync(writer, random, upTo: 25_000);
            await writer.RewindAsync(CancellationToken.None);
        }

        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => StagingWriter.ResumeAsync(Staging, _ => stop.Cancel(), TimeProvider.System, NullLogger.Instance, stop.Token));
        long read = 0;
        await using var again = (await StagingWriter.ResumeAsync(Staging, bytes => read += bytes, TimeProvider.System, NullLogger.Instance, CancellationToken.None))!;
        Assert.Equal((25_000, 25_000), (again.DurablePosition, read));
    }

    [Fact]
    public async Task Without_a_journal_there_is_nothing_to_go_on_with_and_a_damaged_one_is_refused()
    {
        Assert.Null(await ResumeAsync());
        Directory.CreateDirectory(Staging);
        Assert.Null(await ResumeAsync());
        await File.WriteAllBytesAsync(Path.Combine(Staging, StagingJournal.FileName), new byte[100]);
        Assert.False((await Assert.ThrowsAsync<StagingJournalException>(ResumeAsync)).IsNewer);
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    private Task<StagingWriter?> ResumeAsync() => StagingWriter.ResumeAsync(Staging, null, TimeProvider.System, NullLogger.Instance, CancellationToken.None);

    private void Damage(string name, bool vanished)
    {
        var path = Path.Combine(Staging, name);
        if (vanished)
        {
            File.Delete(path);
            return;
        }

        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 3] ^= 4;
        File.WriteAllBytes(path, bytes);
    }

    // What a crash of the machine may leave of the bytes that were written and not synced: nothing, some, or others.
    private void TearTail(StagingPlan plan, long durable, Random random)
    {
        var layout = new TransferLayout(plan.Manifest, plan.Transfer);
        if (durable == layout.TotalBytes)
        {
            return;
        }

        var (index, offset) = layout.Locate(durable);
        var path = Path.Combine(Staging, layout.File(index).Name);
        if (!File.Exists(path))
        {
            return;
        }

        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.SetLength(file, offset);
        var garbage = new byte[random.Next(2) * random.Next(3_000)];
        random.NextBytes(garbage);
        RandomAccess.Write(file, garbage, offset);
    }
}

/// <summary>A snapshot of random files, and a sender of it.</summary>
internal sealed class SnapshotCopy
{
    private readonly ImmutableArray<byte[]> contents;

    public SnapshotCopy(Random random, int files, int largest, int size = -1, string database = "db")
    {
        contents = [.. Enumerable.Range(0, files).Select(_ =>
        {
            var bytes = new byte[size >= 0 ? size : random.Next(largest)];
            random.NextBytes(bytes);
            return bytes;
        })];
        Manifest = new SnapshotManifest
        {
            SnapshotId = Guid.NewGuid(),
            Shard = 1,
            DatabaseId = database,
            Files = [.. contents.Select((content, index) => new SnapshotFile($"{index:D6}.sst", content.Length, Crc32C.Compute(content)))],
        };
        Plan = new StagingPlan(Guid.NewGuid(), "a", Manifest, [.. Enumerable.Range(0, files)]);
    }

    public SnapshotManifest Manifest { get; }

    public StagingPlan Plan { get; private set; }

    public string NameOf(int index) => Manifest.Files[index].Name;

    public byte[] ContentOf(int index) => contents[index];

    public Task<StagingWriter> BeginAsync(string staging, ImmutableArray<HeldFile> held, TimeProvider? time = null)
    {
        Plan = Plan with { Transfer = HeldFiles.Rest(Manifest, held) };
        return StagingWriter.CreateAsync(staging, Plan, held, time ?? TimeProvider.System, NullLogger.Instance, CancellationToken.None);
    }

    /// <summary>Sends from where the writer stands; returns how many bytes it sent.</summary>
    public async Task<long> SendAsync(StagingWriter writer, Random random, long upTo)
    {
        var layout = new TransferLayout(writer.Plan.Manifest, writer.Plan.Transfer);
        long sent = 0;
        while (writer.ReceivedPosition < Math.Min(upTo, layout.TotalBytes))
        {
            var (index, offset) = layout.Locate(writer.ReceivedPosition);
            var length = (int)Math.Min(Math.Min(contents[index].Length - offset, upTo - writer.ReceivedPosition), random.Next(2) == 0 ? 4096 : random.Next(1, 6000));
            await writer.WriteAsync(new SnapshotChunk(index, offset, contents[index].AsMemory((int)offset, length)));
            sent += length;
        }

        return sent;
    }

    public void AssertWhole(string staging)
    {
        for (var index = 0; index < contents.Length; index++)
        {
            Assert.True(contents[index].AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(staging, NameOf(index)))), NameOf(index));
        }
    }
}
