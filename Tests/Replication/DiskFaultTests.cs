using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Replication;
using Sluice.Tests.Replication.Spool;
using Sluice.Tests.Replication.Staging;

namespace Sluice.Tests.Replication;

/// <summary>Disks that are full or fail, under a copy and under a spool.</summary>
public sealed class DiskFaultTests : IDisposable
{
    private const int NoSpace = 28;
    private const int IoError = 5;
    private readonly string root = Directory.CreateTempSubdirectory("sluice-fault-").FullName;

    [SmallDiskFact]
    public async Task A_copy_waits_on_a_full_disk_and_goes_on_where_it_stood()
    {
        using var disk = new SmallDisk(8);
        var staging = Path.Combine(disk.Directory, "staging");
        var random = new Random(1);
        var copy = new SnapshotCopy(random, files: 4, largest: 0, size: 1 << 20);
        await using (var writer = await copy.BeginAsync(staging, []))
        {
            await copy.SendAsync(writer, random, upTo: 1_500_000);
            disk.Fill();
            await Assert.ThrowsAsync<StagingSpaceException>(() => copy.SendAsync(writer, random, writer.TotalBytes));

            // What there was room for has arrived, becomes durable and is journalled, on the full disk.
            await writer.RewindAsync(CancellationToken.None);
            Assert.Equal(2 << 20, writer.DurablePosition);
            await Assert.ThrowsAsync<StagingSpaceException>(() => copy.SendAsync(writer, random, writer.TotalBytes));
        }

        // A restart finds the disk still full, and says so before it reads all back.
        await Assert.ThrowsAsync<StagingSpaceException>(() => StagingWriter.ResumeAsync(staging, _ => Assert.Fail("nothing is read"), TimeProvider.System, NullLogger.Instance, CancellationToken.None));
        disk.Free();
        await using var again = (await StagingWriter.ResumeAsync(staging, null, TimeProvider.System, NullLogger.Instance, CancellationToken.None))!;
        Assert.Equal(2 << 20, again.DurablePosition);
        Assert.Equal(2 << 20, await copy.SendAsync(again, random, again.TotalBytes));
        await again.CompleteAsync(CancellationToken.None);
        copy.AssertWhole(staging);
    }

    [SmallDiskFact]
    public async Task A_spool_leaves_room_to_others_and_goes_on_when_some_is_free()
    {
        using var disk = new SmallDisk(8);
        await using var spool = await LogSpool.OpenAsync(
            Path.Combine(disk.Directory, "spool"), new SpoolOptions { SegmentBytes = 1 << 20 }, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        var next = 1L;
        await Assert.ThrowsAsync<SpoolSpaceException>(() => FillAsync());
        var last = next - 1;
        await Assert.ThrowsAsync<SpoolSpaceException>(() => FillAsync());
        Assert.True(new DriveInfo(disk.Directory).AvailableFreeSpace >= (8 << 20) / 20, "the reserve is left");

        await spool.SyncAsync(CancellationToken.None);
        Assert.Equal(new SpoolRange(1, last, 1), spool.Durable);
        Assert.InRange(spool.Bytes, 5 << 20, 8 << 20);

        // Applied log makes room.
        await spool.TrimAsync(last / 2);
        await Assert.ThrowsAsync<SpoolSpaceException>(() => FillAsync());
        Assert.True(next - 1 > last, "it went on");
        await spool.SyncAsync(CancellationToken.None);
        using var reader = spool.OpenReader(last / 2);
        var read = last / 2;
        while (await reader.ReadAsync(1, CancellationToken.None) is { } batch)
        {
            Assert.Equal(read++, batch.Records[0].Sequence);
        }

        Assert.Equal(next, read);

        async Task FillAsync()
        {
            while (true)
            {
                await spool.AppendAsync(1, [LogSpoolTests.Record(next, 1, 100_000)]);
                next++;
            }
        }
    }

    [Fact]
    public async Task A_journal_that_finds_no_room_stops_the_copy_until_there_is_some()
    {
        var copy = new SnapshotCopy(new Random(2), files: 1, largest: 0, size: 50_000);
        await using var writer = await copy.BeginAsync(Path.Combine(root, "staging"), []);
        writer.BeforeDisk = step => FailAt(step, "journal", NoSpace);
        await copy.SendAsync(writer, new Random(2), 20_000);
        await Assert.ThrowsAsync<StagingSpaceException>(() => writer.RewindAsync(CancellationToken.None));
        Assert.Equal(0, writer.DurablePosition);
        await Assert.ThrowsAsync<StagingSpaceException>(() => copy.SendAsync(writer, new Random(2), 30_000));

        writer.BeforeDisk = null;
        await writer.RewindAsync(CancellationToken.None);

        Assert.Equal(20_000, writer.DurablePosition);
        await copy.SendAsync(writer, new Random(2), writer.TotalBytes);
        await writer.CompleteAsync(CancellationToken.None);
    }

    [Fact]
    public async Task After_a_failed_fsync_nothing_more_is_acknowledged_and_a_new_writer_finds_out_what_is_left()
    {
        var staging = Path.Combine(root, "staging");
        var copy = new SnapshotCopy(new Random(3), files: 2, largest: 0, size: 50_000);
        await using (var writer = await copy.BeginAsync(staging, []))
        {
            await copy.SendAsync(writer, new Random(3), 60_000);
            await writer.RewindAsync(CancellationToken.None);
            writer.BeforeDisk = step => FailAt(step, "sync", IoError);
            await copy.SendAsync(writer, new Random(3), 70_000);
            await Assert.ThrowsAsync<IOException>(() => writer.RewindAsync(CancellationToken.None));
            writer.BeforeDisk = null;
            await Assert.ThrowsAsync<IOException>(() => writer.RewindAsync(CancellationToken.None));
            await Assert.ThrowsAsync<IOException>(() => copy.SendAsync(writer, new Random(3), 80_000));
            Assert.Equal(60_000, writer.DurablePosition);
        }

        await using var again = (await StagingWriter.ResumeAsync(staging, null, TimeProvider.System, NullLogger.Instance, CancellationToken.None))!;
        Assert.Equal(60_000, again.DurablePosition);
        await copy.SendAsync(again, new Random(3), again.TotalBytes);
        await again.CompleteAsync(CancellationToken.None);
        copy.AssertWhole(staging);
    }

    [Theory]
    [InlineData("create")]
    [InlineData("reserve")]
    [InlineData("write")]
    public async Task A_spool_on_a_full_disk_takes_the_same_records_later(string at)
    {
        var full = true;
        var options = new SpoolOptions { SyncEvery = TimeSpan.FromHours(1), BeforeDisk = step => FailAt(step, full ? at : "", NoSpace) };
        await using var spool = await LogSpool.OpenAsync(Path.Combine(root, "spool"), options, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        var record = LogSpoolTests.Record(1, 1, 2 << 20);
        await Assert.ThrowsAsync<SpoolSpaceException>(() => spool.AppendAsync(1, [record]));
        Assert.Equal(0, spool.LastAppended);
        full = false;
        await spool.AppendAsync(1, [record]);
        await spool.SyncAsync(CancellationToken.None);
        Assert.Equal(new SpoolRange(1, 1, 1), spool.Durable);
    }

    [Fact]
    public async Task A_spool_whose_fsync_failed_has_to_be_opened_anew_and_holds_what_was_durable()
    {
        var failing = false;
        var options = new SpoolOptions { SyncEvery = TimeSpan.FromHours(1), BeforeDisk = step => FailAt(step, failing ? "sync" : "", IoError) };
        await using (var spool = await LogSpool.OpenAsync(Path.Combine(root, "spool"), options, TimeProvider.System, NullLogger.Instance, CancellationToken.None))
        {
            await spool.AppendAsync(1, [LogSpoolTests.Record(1, 1)]);
            await spool.SyncAsync(CancellationToken.None);
            failing = true;
            await spool.AppendAsync(1, [LogSpoolTests.Record(2, 1)]);
            await Assert.ThrowsAsync<IOException>(() => spool.SyncAsync(CancellationToken.None));
            failing = false;
            await Assert.ThrowsAsync<IOException>(() => spool.AppendAsync(1, [LogSpoolTests.Record(3, 1)]));
            Assert.Equal(1, spool.Durable!.Last);
        }

        await using var again = await LogSpool.OpenAsync(Path.Combine(root, "spool"), options, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        Assert.InRange(again.Durable!.Last, 1, 2);
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    private static void FailAt(string step, string at, int error)
    {
        if (step == at)
        {
            throw new IOException($"a test's fault at {step}", error);
        }
    }
}
