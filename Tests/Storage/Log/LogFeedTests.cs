using Sluice.Storage.Log;

namespace Sluice.Tests.Storage.Log;

public sealed class LogFeedTests
{
    private readonly LogFeed feed = new();
    private TimeSpan now = TimeSpan.FromDays(1);

    public LogFeedTests() => feed.Advance(100, 10_000, now);

    [Fact]
    public void Only_what_is_durable_in_a_database_counts_and_a_node_once()
    {
        var apply = feed.Join("b", FollowerMode.Apply, 101, now);
        var spool = feed.Join("c", FollowerMode.Spool, 51, now);
        Assert.Equal(0, feed.CountAt(100));
        spool.Acknowledge(100, 0, now);
        Assert.Equal(0, feed.CountAt(100));
        apply.Acknowledge(null, 0, now);
        Assert.Equal(0, feed.CountAt(100));
        apply.Acknowledge(100, 0, now);
        var again = feed.Join("b", FollowerMode.Apply, 101, now);
        again.Acknowledge(100, 0, now);
        Assert.Equal(1, feed.CountAt(100));
        Assert.Equal(0, feed.CountAt(101));
        feed.Leave(apply);
        Assert.Equal(1, feed.CountAt(100));
        feed.Leave(again);
        Assert.Equal(0, feed.CountAt(100));
    }

    [Fact]
    public void A_follower_that_was_sent_something_and_takes_nothing_in_is_hung_until_it_moves()
    {
        var follower = Follow();
        Write(110);
        follower.Sending(110, 500, now);
        Pass(LogFeed.HungAfter - TimeSpan.FromSeconds(1));
        follower.Acknowledge(100, 0, now);
        Assert.Empty(feed.TakeChanges(now));
        Pass(TimeSpan.FromSeconds(1));
        Assert.Equal([(follower, true)], feed.TakeChanges(now));
        Assert.Empty(feed.TakeChanges(now));

        // kvrocks #3356: for hours.
        Pass(TimeSpan.FromHours(44));
        Assert.True(LogFeed.IsHung(follower, now));
        follower.Acknowledge(105, 500, now);
        Assert.Equal([(follower, false)], feed.TakeChanges(now));
    }

    [Fact]
    public void A_follower_that_took_everything_in_and_makes_nothing_durable_is_hung_whatever_heartbeats_it_takes_in()
    {
        var follower = Follow();
        Write(110);
        follower.Sending(110, 500, now);
        follower.Acknowledge(100, 500, now);
        for (var heartbeat = 1; heartbeat <= 30; heartbeat++)
        {
            Pass(TimeSpan.FromSeconds(1));
            follower.Acknowledge(100, 500 + heartbeat * 64, now);
        }

        Assert.True(LogFeed.IsHung(follower, now));
    }

    [Fact]
    public void A_long_record_over_a_slow_link_is_no_hang()
    {
        var follower = Follow();
        Write(110);
        for (var part = 1; part <= 100; part++)
        {
            follower.Sending(100, part * 1000, now);
            Pass(LogFeed.HungAfter / 2);
            follower.Acknowledge(100, part * 1000, now);
            Assert.False(LogFeed.IsHung(follower, now));
        }
    }

    [Fact]
    public void Nobody_is_hung_who_was_sent_nothing()
    {
        var follower = Follow();
        Write(110);
        Pass(TimeSpan.FromHours(10));
        Assert.False(LogFeed.IsHung(follower, now));
        Assert.Equal(TimeSpan.FromHours(10), feed.LagOf(follower, now).Time);

        // And the time counts from when it was owed something, not from its last word.
        follower.Sending(110, 500, now);
        Assert.False(LogFeed.IsHung(follower, now));
    }

    private LogFollower Follow()
    {
        var follower = feed.Join("b", FollowerMode.Apply, 101, now);
        follower.Acknowledge(100, 0, now);
        return follower;
    }

    private void Write(long sequence) => feed.Advance(sequence, sequence * 100, now);

    private void Pass(TimeSpan time) => now += time;
}
