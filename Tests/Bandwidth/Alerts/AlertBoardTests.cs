using Sluice.Bandwidth;

namespace Sluice.Tests.Bandwidth.Alerts;

public sealed class AlertBoardTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);
    private readonly AlertBoard board = new();
    private DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_condition_that_lasts_becomes_one_alert_that_knows_since_when()
    {
        var begin = now + Step;
        var (raiseAfter, _) = AlertBoard.Terms(AlertKind.LinkSaturated);
        Assert.Empty(Hold(raiseAfter, Saturated(1)));

        var change = Assert.Single(Hold(TimeSpan.FromMinutes(1), Saturated(2)));

        Assert.True(change.IsRaised);
        Assert.Equal(begin, change.Alert.Since);
        Assert.Equal(2, Assert.Single(board.Active).ToBytesPerSecond);
    }

    [Fact]
    public void It_is_cleared_once_when_the_condition_stays_away()
    {
        Hold(TimeSpan.FromMinutes(1), Saturated(1));

        var (_, clearAfter) = AlertBoard.Terms(AlertKind.LinkSaturated);
        Assert.Empty(Hold(clearAfter - Step));
        Assert.False(Assert.Single(Hold(TimeSpan.FromMinutes(1))).IsRaised);
        Assert.Empty(board.Active);
    }

    [Fact]
    public void What_comes_and_goes_neither_raises_nor_clears()
    {
        for (var round = 0; round < 50; round++)
        {
            Assert.Empty(Hold(TimeSpan.FromSeconds(5), Saturated(1)));
            Assert.Empty(Hold(Step));
        }

        Hold(TimeSpan.FromMinutes(1), Saturated(1));
        for (var round = 0; round < 50; round++)
        {
            Assert.Empty(Hold(TimeSpan.FromSeconds(5)));
            Assert.Empty(Hold(Step, Saturated(1)));
        }

        Assert.Single(board.Active);
    }

    [Fact]
    public void Each_subject_has_its_own_alert()
    {
        var changes = Hold(TimeSpan.FromMinutes(1), Saturated(1), Saturated(1) with { Subject = "b eth0 egress" }, Saturated(1) with { Kind = AlertKind.SyncQueued });

        Assert.Equal(3, changes.Count);
        Assert.Equal(["a eth0 egress", "a eth0 egress", "b eth0 egress"], board.Active.Select(alert => alert.Subject).Order());
    }

    [Fact]
    public void Alerts_never_flap_whatever_the_conditions_do()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var kind = (AlertKind)random.Next(6);
            var (raiseAfter, clearAfter) = AlertBoard.Terms(kind);
            var fresh = new AlertBoard();
            var last = DateTimeOffset.MinValue;
            var raised = false;
            for (var step = 0; step < 1_000; step++)
            {
                now += TimeSpan.FromMilliseconds(random.Next(1, 4_000));
                var changes = fresh.Update(random.NextDouble() < 0.7 ? [Saturated(1) with { Kind = kind }] : [], now);
                foreach (var change in changes)
                {
                    Assert.True(change.IsRaised != raised, $"seed {seed}: raised or cleared twice");
                    Assert.True(last == DateTimeOffset.MinValue || now - last >= (change.IsRaised ? raiseAfter : clearAfter), $"seed {seed}: {change} {now - last} after the one before");
                    (raised, last) = (change.IsRaised, now);
                }

                Assert.Equal(raised, !fresh.Active.IsEmpty);
            }
        }
    }

    private static AlertCondition Saturated(long to) => new(AlertKind.LinkSaturated, "a eth0 egress", 1, to, "full");

    private List<AlertChange> Hold(TimeSpan time, params AlertCondition[] conditions)
    {
        var changes = new List<AlertChange>();
        for (var passed = TimeSpan.Zero; passed < time; passed += Step)
        {
            now += Step;
            changes.AddRange(board.Update(conditions, now));
        }

        return changes;
    }
}
