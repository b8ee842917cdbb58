using Sluice.Storage.Log;

namespace Sluice.Tests.Storage.Log;

/// <summary>A primary, its writers and its followers in virtual time: the decisions are the real ones.</summary>
public sealed class BackpressureTests
{
    private const double Mib = 1 << 20;

    [Theory]
    [InlineData(2.0, 1.0)]
    [InlineData(100.0, 1.0)]
    [InlineData(40.0, 30.0)]
    [InlineData(0.5, 0.2)]
    public void Writers_who_are_too_fast_settle_at_the_followers_rate_and_the_backlog_at_about_a_second(double writeMib, double followMib)
    {
        var run = new Run { WriteRate = writeMib * Mib, Rates = [followMib * Mib] };

        // What was written before the first decision is a backlog of up to a second of the writers, and is worked off first.
        run.For(60 + 6 * writeMib / followMib);
        var before = run.Written;
        run.For(60);
        Assert.InRange((run.Written - before) / 60, 0.9 * followMib * Mib, 1.1 * followMib * Mib);
        Assert.InRange(run.Lag(0), 0, Math.Max(3 * followMib * Mib, Mib));
    }

    [Fact]
    public void Writers_who_are_slower_than_their_followers_are_never_held()
    {
        var run = new Run { WriteRate = 0.8 * Mib, Rates = [Mib] };
        run.For(120);
        Assert.Equal(TimeSpan.Zero, run.Delayed);
    }

    [Fact]
    public void A_backlog_from_before_is_worked_off_and_writers_keep_three_quarters()
    {
        var run = new Run { WriteRate = 2 * Mib, Rates = [Mib] };
        run.Backlog(0, 20 * Mib);
        run.For(20);
        var before = run.Written;
        run.For(20);
        Assert.InRange((run.Written - before) / 20, 0.7 * Mib, 0.85 * Mib);
        run.For(120);
        Assert.InRange(run.Lag(0), 0, 3 * Mib);
    }

    [Fact]
    public void Writers_are_released_with_the_next_decision_when_the_followers_keep_up()
    {
        var run = new Run { WriteRate = 2 * Mib, Rates = [Mib] };
        run.For(60);
        Assert.NotNull(run.Backpressure.LimitBytesPerSecond);

        // The link is as it was before the incident.
        run.Rates = [100 * Mib];
        run.For(1);
        Assert.Null(run.Backpressure.LimitBytesPerSecond);
        var delayed = run.Delayed;
        run.For(30);
        Assert.Equal(delayed, run.Delayed);
    }

    [Fact]
    public void The_slowest_follower_that_moves_decides_and_one_that_stands_still_does_not()
    {
        var run = new Run { WriteRate = 10 * Mib, Rates = [4 * Mib, Mib, 0] };
        run.For(60);
        var before = run.Written;
        run.For(60);
        Assert.InRange((run.Written - before) / 60, 0.9 * Mib, 1.1 * Mib);
        run.Rates = [4 * Mib, 0, 0];
        run.For(10);
        before = run.Written;
        run.For(60);
        Assert.InRange((run.Written - before) / 60, 3.6 * Mib, 4.4 * Mib);
    }

    [Fact]
    public void No_write_waits_longer_than_the_longest_delay()
    {
        var pacing = new WritePacing();
        var longest = TimeSpan.FromMilliseconds(200);
        for (var write = 0; write < 1000; write++)
        {
            Assert.InRange(pacing.Delay(1 << 20, 1 << 16, longest, TimeSpan.FromMilliseconds(write)), TimeSpan.Zero, longest);
        }
    }

    [Fact]
    public void Many_writers_at_once_get_the_limit_together()
    {
        var pacing = new WritePacing();
        var last = TimeSpan.Zero;
        for (var writer = 0; writer < 100; writer++)
        {
            last = pacing.Delay(1000, 10_000, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(5));
        }

        Assert.Equal(9.9, last.TotalSeconds, 0.01);
    }

    private sealed class Run
    {
        private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);
        private const int DecideEvery = 25;
        private const int BatchBytes = 16 << 10;

        private readonly WritePacing pacing = new();
        private readonly object[] names = [new(), new(), new()];
        private readonly double[] acknowledged = new double[3];
        private TimeSpan now = TimeSpan.FromHours(1);
        private TimeSpan writerReadyAt;
        private double due;
        private int steps;

        public Backpressure Backpressure { get; } = new();

        public double WriteRate { get; init; }

        public double[] Rates { get; set; } = [];

        public double Written { get; private set; }

        public TimeSpan Delayed { get; private set; }

        public double Lag(int follower) => Written - acknowledged[follower];

        public void Backlog(int follower, double bytes)
        {
            Written += bytes;
            acknowledged[follower] = Written - bytes;
        }

        public void For(double seconds)
        {
            for (var end = now + TimeSpan.FromSeconds(seconds); now < end; now += Step)
            {
                Write();
                for (var follower = 0; follower < Rates.Length; follower++)
                {
                    acknowledged[follower] = Math.Min(Written, acknowledged[follower] + Rates[follower] * Step.TotalSeconds);
                }

                if (++steps % DecideEvery == 0)
                {
                    Backpressure.Decide([.. Rates.Select((_, n) => new FollowerPressure(names[n], (long)acknowledged[n], (long)Lag(n)))], now);
                }
            }
        }

        // One client that writes at its rate, and waits for each reply; what it could not write it does not make up for.
        private void Write()
        {
            due = Math.Min(due + WriteRate * Step.TotalSeconds, WriteRate);
            while (due >= BatchBytes && writerReadyAt <= now)
            {
                due -= BatchBytes;
                if (Backpressure.LimitBytesPerSecond is { } limit)
                {
                    var delay = pacing.Delay(BatchBytes, limit, TimeSpan.FromSeconds(1), now);
                    Delayed += delay;
                    writerReadyAt = now + delay;
                }

                Written += BatchBytes;
            }
        }
    }
}
