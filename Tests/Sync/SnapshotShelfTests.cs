using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Configuration;
using Sluice.Replication;
using Sluice.Storage.Snapshots;
using Sluice.Sync;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Sync;

/// <summary>Snapshots of a real partition: made, shared, recorded, restored and given up.</summary>
public sealed class SnapshotShelfTests : IAsyncLifetime
{
    private static readonly ReplicaKey B = new(0, "b");
    private static readonly ReplicaKey C = new(0, "c");

    private readonly PartitionUnderTest source = new();
    private readonly ReplicationSources sources = new();
    private readonly LiveConfiguration configuration = new();
    private SnapshotDisk disk = null!;
    private SnapshotShelf shelf = null!;

    private string Snapshots => Path.Combine(source.Directory, "snapshots");

    // A shelf belongs to its grain's turns: one after the other, on whatever thread.
    private readonly TaskFactory turns = new(new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler);

    public Task InitializeAsync()
    {
        disk = new SnapshotDisk(configuration) { Space = _ => (1L << 40, 1L << 40) };
        shelf = Open();
        source.Do("set key value");
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await turns.StartNew(() => shelf.DisposeAsync().AsTask()).Unwrap();
        source.Dispose();
    }

    [Fact]
    public Task Two_replicas_share_one_checkpoint_and_each_chooses_files_of_its_own() => InTurnsAsync(async () =>
    {
        var (forB, forC) = (await LeaseAsync(B), await LeaseAsync(C));
        Assert.Equal((1, 2), (shelf.Count, shelf.Leases));
        Assert.Equal(new LogPosition(0, source.Partition.LatestSequence), forB.Position);
        Assert.Equal(forB.Position, forC.Position);
        var manifest = sources.FindSnapshot(forB.Lease)!.Lease.Manifest;
        Assert.Equal(forB.DatabaseId, manifest.DatabaseId);
        Assert.Equal(Enumerable.Range(0, manifest.Files.Length), sources.FindSnapshot(forB.Lease)!.Lease.Transfer);
        ImmutableArray<int> chosen = [manifest.Files.Length - 1, 0];
        Assert.True(await shelf.ChooseAsync(forB.Lease, chosen));
        Assert.Equal<int>(chosen, sources.FindSnapshot(forB.Lease)!.Lease.Transfer);
        Assert.Equal(manifest.Files.Length, sources.FindSnapshot(forC.Lease)!.Lease.Transfer.Length);
        await Assert.ThrowsAsync<SnapshotRefusedException>(() => shelf.ChooseAsync(forC.Lease, [manifest.Files.Length]));
        Assert.False(await shelf.ChooseAsync(Guid.NewGuid(), [0]));
    });

    [Fact]
    public Task A_lease_outlives_its_process_with_the_files_that_were_chosen() => InTurnsAsync(async () =>
    {
        var offer = await LeaseAsync(B);
        Assert.True(await shelf.ChooseAsync(offer.Lease, [1, 0]));
        var before = sources.FindSnapshot(offer.Lease)!.Lease;

        // As after kill -9: nobody says farewell. What was half made is there, too.
        Directory.CreateDirectory(Path.Combine(Snapshots, Guid.NewGuid().ToString("N")));
        await File.WriteAllTextAsync(Path.Combine(Snapshots, "stranger.new"), "torn");
        shelf = Open();

        var after = sources.FindSnapshot(offer.Lease)!.Lease;
        Assert.Equal((before.Manifest.SnapshotId, before.Manifest.Sequence), (after.Manifest.SnapshotId, after.Manifest.Sequence));
        Assert.Equal<SnapshotFile>(before.Manifest.Files, after.Manifest.Files);
        Assert.Equal<int>([1, 0], after.Transfer);
        Assert.True(shelf.Renew(offer.Lease));
        Assert.Equal(3, Directory.GetFileSystemEntries(Snapshots).Length);
        StagedCopy.Verify(source.Engine, Path.Combine(Snapshots, after.Manifest.SnapshotId.ToString("N")), after.Manifest, checksums: true);
    });

    [Theory]
    [InlineData("leases")]
    [InlineData("manifest")]
    [InlineData("file")]
    public Task What_has_no_valid_record_is_deleted_at_the_start(string damaged) => InTurnsAsync(async () =>
    {
        var offer = await LeaseAsync(B);
        var manifest = sources.FindSnapshot(offer.Lease)!.Lease.Manifest;
        await shelf.DisposeAsync();
        var id = manifest.SnapshotId.ToString("N");
        var path = damaged == "file" ? Path.Combine(Snapshots, id, manifest.Files[^1].Name) : Path.Combine(Snapshots, $"{id}.{damaged}");
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[^1] ^= 1;
        File.Delete(path);
        await File.WriteAllBytesAsync(path, damaged == "file" ? bytes[1..] : bytes);
        shelf = Open();
        Assert.Equal(0, shelf.Count);
        Assert.Empty(Directory.GetFileSystemEntries(Snapshots));
        Assert.False(shelf.Renew(offer.Lease));
    });

    [Fact]
    public Task A_snapshot_of_another_history_is_deleted_at_the_start() => InTurnsAsync(async () =>
    {
        var offer = await LeaseAsync(B);
        await shelf.DisposeAsync();
        shelf = Open(position => position != offer.Position);
        Assert.Empty(Directory.GetFileSystemEntries(Snapshots));
    });

    [Fact]
    public Task A_wall_clock_that_jumps_by_days_ends_no_lease_that_is_in_use() => InTurnsAsync(async () =>
    {
        await shelf.DisposeAsync();
        var clock = new JumpingClock();
        shelf = Open(time: clock);
        var offer = await LeaseAsync(B);
        clock.Wall += TimeSpan.FromDays(30);
        shelf.Sweep();
        Assert.True(shelf.Renew(offer.Lease));

        // And over a restart: the record looks a month old.
        await shelf.DisposeAsync();
        clock.Wall += TimeSpan.FromDays(30);
        shelf = Open(time: clock);
        shelf.Sweep();
        Assert.True(shelf.Renew(offer.Lease));
    });

    [Fact]
    public Task A_snapshot_goes_with_its_last_lease() => InTurnsAsync(async () =>
    {
        var (forB, forC) = (await LeaseAsync(B), await LeaseAsync(C));
        shelf.Release(forB.Lease);
        Assert.Null(sources.FindSnapshot(forB.Lease));
        Assert.NotNull(sources.FindSnapshot(forC.Lease));
        shelf.Release(forC.Lease);
        await shelf.DisposeAsync();
        Assert.Empty(Directory.GetFileSystemEntries(Snapshots));
    });

    [Fact]
    public Task A_vanished_file_ends_that_snapshot_and_the_next_who_asks_gets_a_whole_one() => InTurnsAsync(async () =>
    {
        var offer = await LeaseAsync(B);
        var snapshot = sources.FindSnapshot(offer.Lease)!;
        File.Delete(Path.Combine(Snapshots, snapshot.Lease.Manifest.SnapshotId.ToString("N"), snapshot.Lease.Manifest.Files[0].Name));
        Assert.Throws<FileNotFoundException>(() => snapshot.OpenFile(0));
        Assert.False(shelf.Renew(offer.Lease));
        shelf.Sweep();
        Assert.Equal(0, shelf.Count);
        Assert.NotEqual(offer.Lease, (await LeaseAsync(B)).Lease);
    });

    [Fact]
    public Task A_full_disk_refuses_the_snapshot_with_its_reason_and_writes_go_on() => InTurnsAsync(async () =>
    {
        disk.Space = _ => (1 << 20, 1L << 40);
        Assert.Null(await shelf.OpenAsync(new SnapshotRequest(B), source.Partition, _ => true));
        var error = await Assert.ThrowsAsync<SnapshotRefusedException>(() => LeaseAsync(B));
        Assert.Contains("its disk has 1 MiB free", error.Message, StringComparison.Ordinal);
        Assert.Equal("+OK\r\n", source.Do("set other value"));

        // There is room again.
        disk.Space = _ => (1L << 40, 1L << 40);
        source.Clock.Advance(SnapshotLeases.RetryAfter);
        await LeaseAsync(B);
    });

    [Fact(Skip = "Fails now and then with a list that changed under it; the race is not found yet.")]
    public Task Unused_snapshots_beyond_the_bound_are_given_up_oldest_first() => InTurnsAsync(async () =>
    {
        configuration.Set([new("snapshot-max-disk-bytes", "1")]);
        var old = await LeaseAsync(B);
        source.Clock.Advance(SnapshotLeases.Fresh);
        source.Do("set key another");
        var next = await LeaseAsync(C);

        // The copies of what is small (the manifest's own files) only snapshots hold; both are in use still.
        await UntilAsync("measured", () => shelf.HeldBytes > 0);
        Assert.Equal(2, shelf.Count);
        source.Clock.Advance(SnapshotLeases.InUse - TimeSpan.FromSeconds(1));
        shelf.Renew(next.Lease);
        source.Clock.Advance(TimeSpan.FromSeconds(2));
        await UntilAsync("one given up", () => shelf.Count == 1);
        Assert.False(shelf.Renew(old.Lease));
        Assert.True(shelf.Renew(next.Lease));
        source.Clock.Advance(SnapshotLeases.InUse + TimeSpan.FromSeconds(1));
        await UntilAsync("all given up", () => shelf.Count == 0);
    });

    [Fact]
    public void Bytes_are_counted_once_a_file_and_only_where_no_live_name_is_left()
    {
        FileLinks shared = new(1, 3, 100), only = new(2, 2, 10), own = new(3, 1, 1);
        Assert.Equal(11, FileLinks.HeldBytes([shared, only, own, shared, only]));
    }

    private Task InTurnsAsync(Func<Task> test) => turns.StartNew(test).Unwrap();

    private SnapshotShelf Open(Func<LogPosition, bool>? isInHistory = null, TimeProvider? time = null) =>
        new(new ReplicaKey(0, "a"), Snapshots, isInHistory ?? (_ => true), sources, disk, time ?? source.Clock, NullLogger.Instance);

    private async Task<SnapshotOffer> LeaseAsync(ReplicaKey replica)
    {
        using var patience = new CancellationTokenSource(TestDirectory.Patience);
        while (true)
        {
            if (await shelf.OpenAsync(new SnapshotRequest(replica), source.Partition, _ => true) is { } offer)
            {
                return offer;
            }

            Assert.False(patience.IsCancellationRequested, "no snapshot was made");
            await Task.Yield();
        }
    }

    // Measuring takes a turn of its own on another thread.
    private async Task UntilAsync(string what, Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(TestDirectory.Patience);
        while (!holds())
        {
            Assert.False(patience.IsCancellationRequested, what);
            source.Clock.Advance(TimeSpan.FromMilliseconds(1));
            shelf.Sweep();
            await Task.Yield();
        }
    }

    private sealed class JumpingClock : TimeProvider
    {
        public DateTimeOffset Wall { get; set; } = DateTimeOffset.UnixEpoch.AddYears(50);

        public override DateTimeOffset GetUtcNow() => Wall;
    }
}
