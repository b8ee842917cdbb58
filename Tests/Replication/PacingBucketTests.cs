using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed class PacingBucketTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(1_000)]
    [InlineData(1_000_000)]
    [InlineData(20_000_000)]
    [InlineData(1_000_000_000)]
    [InlineData(100_000_000_000)]
    public void Over_any_time_the_rate_is_kept_by_a_sender_that_is_late_at_random(long rate)
    {
        const int seed = 3;
        var random = new Random(seed);
        var bucket = new PacingBucket(rate, TimeSpan.Zero);
        var (now, sent) = (TimeSpan.Zero, 0.0);
        var end = TimeSpan.FromSeconds(Math.Max(10, 100.0 / rate));
        while (now < end)
        {
            var allowed = bucket.Allowed(now);
            if (allowed > 0)
            {
                // Never ahead: what was sent is at most what the time allows and one slice.
                Assert.True(sent <= rate * now.TotalSeconds + 1, $"seed {seed}: {sent} bytes after {now}");
                bucket.Spend(allowed, now);
                sent += allowed;
                now += TimeSpan.FromTicks(1);
            }
            else
            {
                now += bucket.Wait(now) + TimeSpan.FromMilliseconds(random.NextDouble() * 3);
            }
        }

        Assert.InRange(sent, 0.98 * rate * now.TotalSeconds - PacingBucket.Slice(rate), rate * now.TotalSeconds + PacingBucket.Slice(rate) + 1);
    }

    [Fact]
    public void A_new_flow_and_a_pause_save_up_no_burst()
    {
        const long rate = 20_000_000;
        var bucket = new PacingBucket(rate, TimeSpan.Zero);
        Assert.Equal(PacingBucket.Slice(rate), Burst(bucket, TimeSpan.Zero));
        Assert.InRange(Burst(bucket, TimeSpan.FromMinutes(10)), 0, rate / 10 + PacingBucket.Slice(rate));
    }

    [Fact]
    public void A_fall_of_the_rate_is_not_a_silence_of_minutes()
    {
        var bucket = new PacingBucket(1_000_000_000, TimeSpan.Zero);
        Burst(bucket, TimeSpan.Zero);
        bucket.SetRate(1_000, isLimit: true, TimeSpan.Zero);
        Assert.InRange(bucket.Wait(TimeSpan.Zero), TimeSpan.Zero, TimeSpan.FromSeconds(0.5));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(16_384)]
    [InlineData(1_000_000_000_000)]
    public void Something_goes_out_at_least_twice_a_second_at_any_rate(long rate) =>
        Assert.InRange(PacingBucket.Slice(rate), 1, Math.Max(1, Math.Min(rate / 2, 256 << 10)));

    [Fact]
    public void Without_a_limit_everything_may_go()
    {
        var bucket = new PacingBucket(0, TimeSpan.Zero);
        bucket.Spend(1e12, TimeSpan.Zero);
        Assert.Equal(int.MaxValue, bucket.Allowed(TimeSpan.Zero));
        Assert.Equal(TimeSpan.Zero, bucket.Wait(TimeSpan.Zero));
        bucket.SetRate(1_000_000, isLimit: true, TimeSpan.Zero);
        Assert.InRange(bucket.Wait(TimeSpan.Zero), TimeSpan.Zero, TimeSpan.FromMilliseconds(10));
    }

    [Theory]
    [InlineData(0, 1 << 20)]
    [InlineData(1, 16 << 10)]
    [InlineData(500_000, 16 << 10)]
    [InlineData(20_000_000, 512 << 10)]
    [InlineData(50_000_000, 1 << 20)]
    [InlineData(long.MaxValue / 2, 1 << 20)]
    public void A_frame_is_twenty_to_fifty_milliseconds_worth(long rate, int payload) => Assert.Equal(payload, FrameSizing.Payload(rate));

    [Fact]
    public void Between_the_bounds_every_frame_is_twenty_to_fifty_milliseconds_worth()
    {
        for (var rate = 820_000L; rate < 26_000_000; rate += 7_777)
        {
            Assert.InRange(FrameSizing.Payload(rate) / (double)rate, 0.02, 0.05);
        }
    }

    private static long Burst(PacingBucket bucket, TimeSpan now)
    {
        var sent = 0L;
        for (var allowed = bucket.Allowed(now); allowed > 0; allowed = bucket.Allowed(now))
        {
            bucket.Spend(allowed, now);
            sent += allowed;
        }

        return sent;
    }
}
