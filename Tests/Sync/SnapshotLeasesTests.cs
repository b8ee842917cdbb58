using Sluice.Sync;

namespace Sluice.Tests.Sync;

public sealed class SnapshotLeasesTests
{
    private static readonly ReplicaKey B = new(0, "b");
    private static readonly ReplicaKey C = new(0, "c");

    private readonly SnapshotLeases leases = new();
    private TimeSpan now = TimeSpan.FromHours(100);

    [Fact]
    public void Replicas_that_ask_together_share_one_snapshot_each_with_a_lease_of_its_own()
    {
        Assert.IsType<OpenAnswer.Make>(Open(B));
        Assert.IsType<OpenAnswer.Wait>(Open(C));
        var snapshot = Made(10);
        var (first, second) = (Leased(B), Leased(C));
        Assert.NotEqual(first, second);
        Assert.Single(leases.Snapshots);
        Assert.Equal([snapshot, snapshot], leases.Leases.Select(lease => lease.Snapshot));
        Assert.Equal(first, Leased(B));
    }

    [Fact]
    public void A_snapshot_is_shared_only_while_it_is_fresh_and_its_log_can_be_read()
    {
        Snapshot(B, 10);
        now += SnapshotLeases.Fresh;
        Assert.IsType<OpenAnswer.Make>(Open(C));
        Made(20);
        var newer = Leased(C);
        Assert.Equal(leases.Snapshots[1].Id, leases.Leases.First(lease => lease.Id == newer).Snapshot);

        // The log was purged meanwhile, or an epoch has ended in which it was not written.
        Assert.IsType<OpenAnswer.Make>(Open(C, position => position.Sequence > 20));
    }

    [Fact]
    public void A_snapshot_of_an_earlier_epoch_is_shared_when_its_position_is_in_the_present_history()
    {
        Open(B);
        leases.Made(Guid.NewGuid(), new LogPosition(3, 10), now);
        Assert.IsType<OpenAnswer.Leased>(Open(B, position => position == new LogPosition(3, 10)));
    }

    [Fact]
    public void Who_asks_anew_gives_up_what_he_had()
    {
        var old = Snapshot(B, 10);
        now += SnapshotLeases.Fresh;
        Assert.IsType<OpenAnswer.Make>(Open(B));
        var lease = Assert.Single(leases.Leases);
        Assert.True(leases.Renew(lease.Id, now), "the old lease holds until there is another one");
        Made(20);
        var next = Leased(B);
        Assert.Equal(next, Assert.Single(leases.Leases).Id);
        Assert.Equal([old], leases.Sweep(now));
    }

    [Fact]
    public void A_lease_lapses_a_day_after_its_last_contact_and_the_snapshot_with_its_last_lease()
    {
        var snapshot = Snapshot(B, 10);
        var lease = Leased(C);
        leases.Release(leases.Leases.First(held => held.Replica == B).Id);
        Assert.Empty(leases.Sweep(now));
        now += SnapshotLeases.Duration;
        Assert.True(leases.Renew(lease, now));
        now += SnapshotLeases.Duration;
        Assert.Empty(leases.Sweep(now));
        now += TimeSpan.FromSeconds(1);
        Assert.Equal([snapshot], leases.Sweep(now));
        Assert.False(leases.Renew(lease, now));
        Assert.False(leases.Choose(lease, [0], now));
    }

    [Fact]
    public void A_snapshot_that_nobody_fetched_goes_when_it_is_not_fresh_any_more()
    {
        Open(B);
        var snapshot = Made(10);
        now += SnapshotLeases.Fresh - TimeSpan.FromSeconds(1);
        Assert.Empty(leases.Sweep(now));
        now += TimeSpan.FromSeconds(1);
        Assert.Equal([snapshot], leases.Sweep(now));
    }

    [Fact]
    public void A_contact_that_is_told_late_takes_no_time_back()
    {
        Snapshot(B, 10);
        var lease = Leased(B);
        leases.Renew(lease, now - TimeSpan.FromHours(1));
        Assert.Equal(now, leases.Leases[0].LastContact);
    }

    [Theory]
    [InlineData(0, 24)]
    [InlineData(10, 14)]
    [InlineData(23.5, 1)]
    [InlineData(24 * 365, 1)]
    [InlineData(-24 * 365, 24)]
    public void After_a_restart_the_wall_clock_tells_how_old_a_lease_is_but_never_takes_its_grace(double ageHours, double leftHours)
    {
        var snapshot = Guid.NewGuid();
        leases.Restore(snapshot, new LogPosition(1, 10), [(Guid.NewGuid(), B, [2, 0], TimeSpan.FromHours(ageHours))], now);
        Assert.Equal<int>([2, 0], leases.Leases[0].Transfer!.Value);
        now += TimeSpan.FromHours(leftHours);
        Assert.Empty(leases.Sweep(now));
        now += TimeSpan.FromMinutes(1);
        Assert.Equal([snapshot], leases.Sweep(now));
    }

    [Fact]
    public void What_could_not_be_made_is_not_tried_again_by_everybody_at_once()
    {
        Open(B);
        leases.NotMade("the disk is full", now);
        Assert.Equal("the disk is full", Assert.IsType<OpenAnswer.Refused>(Open(C)).Reason);
        now += SnapshotLeases.RetryAfter;
        Assert.IsType<OpenAnswer.Make>(Open(C));
        Made(10);
        Leased(C);
    }

    [Fact]
    public void The_snapshot_out_of_use_for_the_longest_time_is_given_up_first_and_never_one_in_use()
    {
        var first = Snapshot(B, 10);
        now += SnapshotLeases.Fresh;
        var second = Snapshot(C, 20);
        Assert.Null(leases.OldestUnused(now));
        now += SnapshotLeases.InUse + TimeSpan.FromSeconds(1);
        leases.Renew(leases.Leases.First(lease => lease.Replica == B).Id, now);
        Assert.Equal(second, leases.OldestUnused(now)!.Value.Snapshot);
        leases.Drop(second);
        Assert.Null(leases.OldestUnused(now));
        now += SnapshotLeases.InUse + TimeSpan.FromSeconds(1);
        Assert.Equal(first, leases.OldestUnused(now)!.Value.Snapshot);
    }

    [Fact]
    public void Over_the_bound_an_older_snapshot_is_shared_rather_than_another_one_made()
    {
        var snapshot = Snapshot(B, 10);
        now += SnapshotLeases.Fresh * 10;
        leases.Open(C, now, _ => true, isFull: true, Guid.NewGuid());
        Assert.Equal([snapshot, snapshot], leases.Leases.Select(lease => lease.Snapshot));
    }

    // Against a naive twin: who has a lease, and which snapshots there are, after many random events.
    [Fact]
    public void After_any_events_no_replica_has_two_leases_and_every_snapshot_has_one_or_is_fresh()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var many = new SnapshotLeases();
            var clock = TimeSpan.FromDays(1);
            var pending = false;
            for (var step = 0; step < 200; step++)
            {
                clock += TimeSpan.FromSeconds(random.Next(1, 4000));
                switch (random.Next(6))
                {
                    case 0 or 1:
                        pending |= many.Open(new ReplicaKey(0, $"n{random.Next(5)}"), clock, _ => random.Next(2) == 0, random.Next(8) == 0, Guid.NewGuid()) is OpenAnswer.Make;
                        break;
                    case 2 when pending:
                        pending = false;
                        many.Made(Guid.NewGuid(), new LogPosition(1, step), clock);
                        break;
                    case 3 when many.Leases.Count > 0:
                        many.Renew(many.Leases[random.Next(many.Leases.Count)].Id, clock);
                        break;
                    case 4 when many.Leases.Count > 0:
                        many.Release(many.Leases[random.Next(many.Leases.Count)].Id);
                        break;
                    default:
                        many.Sweep(clock);
                        Assert.All(many.Leases, lease => Assert.True(clock - lease.LastContact <= SnapshotLeases.Duration, $"seed {seed}: a lapsed lease is left"));
                        Assert.All(many.Snapshots, snapshot => Assert.True(
                            many.Leases.Any(lease => lease.Snapshot == snapshot.Id) || (!snapshot.WasLeased && clock - snapshot.MadeAt < SnapshotLeases.Fresh), $"seed {seed}: a snapshot is kept for nobody"));
                        break;
                }

                Assert.True(many.Leases.Select(lease => lease.Replica).Distinct().Count() == many.Leases.Count, $"seed {seed}: two leases for one replica");
                Assert.True(many.Leases.All(lease => many.Snapshots.Any(snapshot => snapshot.Id == lease.Snapshot)), $"seed {seed}: a lease without its snapshot");
            }
        }
    }

    private OpenAnswer Open(ReplicaKey replica, Func<LogPosition, bool>? canFollow = null) => leases.Open(replica, now, canFollow ?? (_ => true), isFull: false, Guid.NewGuid());

    private Guid Made(long sequence)
    {
        var id = Guid.NewGuid();
        leases.Made(id, new LogPosition(1, sequence), now);
        return id;
    }

    private Guid Leased(ReplicaKey replica) => Assert.IsType<OpenAnswer.Leased>(Open(replica)).Lease;

    private Guid Snapshot(ReplicaKey replica, long sequence)
    {
        Assert.IsType<OpenAnswer.Make>(Open(replica));
        var id = Made(sequence);
        Leased(replica);
        return id;
    }
}
