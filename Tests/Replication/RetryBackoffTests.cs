using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed class RetryBackoffTests
{
    [Fact]
    public void Pauses_double_within_their_jitter_up_to_the_longest()
    {
        var backoff = new RetryBackoff(new Random(1), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20));
        foreach (var step in new[] { 1, 2, 4, 8, 16, 20, 20, 20 })
        {
            Assert.InRange(backoff.Next().TotalSeconds, step / 2.0, step);
        }

        Assert.Equal(8, backoff.Attempts);
        backoff.Reset();
        Assert.InRange(backoff.Next().TotalSeconds, 0.5, 1);
    }

    [Fact]
    public void A_thousand_attempts_do_not_overflow()
    {
        var backoff = new RetryBackoff(new Random(2));
        for (var n = 0; n < 1000; n++)
        {
            Assert.InRange(backoff.Next(), TimeSpan.FromMilliseconds(125), TimeSpan.FromSeconds(30));
        }
    }

    [Fact]
    public void Two_replicas_do_not_come_back_together()
    {
        var (left, right) = (new RetryBackoff(new Random(1)), new RetryBackoff(new Random(2)));
        Assert.All(Enumerable.Range(0, 5), _ => Assert.NotEqual(left.Next(), right.Next()));
    }

    [Fact]
    public void The_same_seed_gives_the_same_pauses()
    {
        var (left, right) = (new RetryBackoff(new Random(7)), new RetryBackoff(new Random(7)));
        Assert.All(Enumerable.Range(0, 10), _ => Assert.Equal(left.Next(), right.Next()));
    }
}
