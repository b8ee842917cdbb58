using Sluice.Bandwidth;
using Sluice.Bandwidth.RateControl;
using Sluice.Replication;

namespace Sluice.Tests.Simulation.Links;

/// <summary>The rate controller where something else than the link matters: nothing to send, a slow receiver, a path that becomes longer, a short buffer, no TCP_INFO.</summary>
public sealed class RateControlSituationsTests
{
    private const double M = LinkScenario.Megabit;

    [Fact]
    public void A_flow_that_has_little_to_send_is_held_by_the_application_and_keeps_room_for_more()
    {
        var application = 0;
        var samples = 0;
        new LinkScenario { Seed = 1, BaseRtt = 0.02, Seconds = 10, Demand = now => now < 8 ? 5 * M : double.PositiveInfinity }.Run(each: (link, flow) =>
        {
            if (link.Now is > 2 and < 8)
            {
                samples++;
                application += flow.Decision.HeldBy == FlowHold.Application ? 1 : 0;
                Assert.InRange(flow.Decision.PacingBytesPerSecond, 5 * M, 200 * M);
            }
        });

        Assert.True(application > 0.9 * samples, $"Only {application} of {samples} samples say so.");
    }

    [Fact]
    public void A_flow_that_waits_for_its_receiver_says_nothing_of_the_path()
    {
        var controller = new DelayBasedRateController(TimeSpan.FromMilliseconds(10), new Random(1));
        RateDecision decision = default;
        for (var index = 0; index < 100; index++)
        {
            decision = controller.Update(Sample(index * 0.02, 0.001, index * 20_000, isReceiverLimited: true), new FlowAllowance(0, 0, 65536));
        }

        Assert.Equal(FlowHold.Application, decision.HeldBy);
        Assert.False(decision.IsNetworkLimited);
    }

    [Fact]
    public void A_path_that_has_become_longer_is_believed_after_half_a_minute()
    {
        var controller = new DelayBasedRateController(TimeSpan.FromMilliseconds(10), new Random(1));
        var decision = Feed(controller, 0, 10, 0.02, 10 * M);
        Assert.Equal(20, decision.BaseRtt.TotalMilliseconds, 1);

        decision = Feed(controller, 10, 20, 0.07, 10 * M);
        Assert.True(decision.IsQueueOfOthers);

        decision = Feed(controller, 20, 45, 0.07, 10 * M);
        Assert.Equal(70, decision.BaseRtt.TotalMilliseconds, 1);
        Assert.False(decision.IsQueueOfOthers);
    }

    [Theory]
    [InlineData(0.02, 0.95)]
    [InlineData(0.06, 0.8)]
    public void Hosts_that_are_busy_are_not_taken_for_a_queue(double stall, double part)
    {
        // Loopback, or a fast network: far more than what the flow may send.
        var scenario = new LinkScenario
        {
            Seed = 1, BaseRtt = 0.0005, Capacity = [(0, 10_000 * M)], Seconds = 12, Stall = stall, Lateness = 0.1, Allowance = _ => new FlowAllowance(0, (long)(160 * M), 65536),
        };
        var result = scenario.Run();

        Assert.InRange(result.Utilisation, part * 160 / 10_000, 1.01 * 160 / 10_000);
    }

    [Fact]
    public void A_buffer_shorter_than_the_target_is_found_out_and_not_filled_all_the_time()
    {
        long retransmitted = 0;
        var result = new LinkScenario { Seed = 1, BaseRtt = 0.002, BufferSeconds = 0.006, Seconds = 20 }.Run(each: (_, flow) => retransmitted = flow.Decision.RetransmittedBytes);

        Assert.InRange(result.Utilisation, 0.95, 1.001);
        Assert.InRange(retransmitted, 0, 0.005 * result.Bytes);
    }

    [Fact]
    public void The_rate_is_never_below_the_floor_nor_the_figures_senseless()
    {
        var random = new Random(7);
        var controller = new DelayBasedRateController(TimeSpan.FromMilliseconds(10), new Random(7));
        double at = 0, sent = 0, acked = 0, again = 0;
        for (var index = 0; index < 20_000; index++)
        {
            at += random.NextDouble() * 0.1;
            sent += random.Next(200_000);
            acked = Math.Min(sent, acked + random.Next(200_000));
            again += random.Next(20) == 0 ? random.Next(100_000) : 0;
            var sample = new PathSample
            {
                At = TimeSpan.FromSeconds(at),
                Rtt = TimeSpan.FromSeconds(random.Next(10) == 0 ? 0 : 0.0001 + random.NextDouble() * random.NextDouble()),
                MinRtt = TimeSpan.FromSeconds(random.Next(2) * 0.0001),
                SentBytes = sent,
                AckedBytes = acked,
                RetransmittedBytes = again,
                HeldBack = TimeSpan.FromSeconds(at * 0.3),
                IsReceiverLimited = random.Next(10) == 0,
            };
            var decision = controller.Update(sample, new FlowAllowance(random.Next(2) * 5_000_000, 0, 65536, IsShareEstimated: random.Next(2) == 0));

            Assert.True(decision.PacingBytesPerSecond >= 65536, $"seed 7, sample {index}: {decision.PacingBytesPerSecond} bytes per second");
            Assert.InRange(decision.NextSample, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(100));
            Assert.True(decision.QueueDelay >= TimeSpan.Zero && decision.DeliveryBytesPerSecond >= 0);
        }
    }

    [Fact]
    public void Acknowledgement_frames_alone_are_enough_where_there_is_no_TCP_INFO()
    {
        // One acknowledgement for each frame; no minimum, no retransmissions, nothing of the kernel.
        var scenario = new LinkScenario { Seed = 1, BaseRtt = 0.01, Seconds = 12 };
        var controller = scenario.Controller();
        double acked = 0;
        var frame = FrameSizing.Smallest;
        var result = scenario.Run((in PathSample sample, in FlowAllowance allowance) =>
        {
            while (acked + frame <= sample.AckedBytes)
            {
                acked += frame;
            }

            var decision = controller(sample with { MinRtt = TimeSpan.Zero, RetransmittedBytes = 0, AckedBytes = acked }, allowance);
            frame = FrameSizing.Payload(decision.PacingBytesPerSecond);
            return decision;
        });

        Assert.True(result.Utilisation >= 0.9 && result.DelayP99 <= 0.02, result.ToString());
    }

    [Fact]
    public void An_idle_flow_is_seldom_sampled()
    {
        var controller = new DelayBasedRateController(TimeSpan.FromMilliseconds(10), new Random(1));
        Feed(controller, 0, 1, 0.001, 10 * M);
        var last = Sample(1.1, 0.001, 10 * M);
        controller.Update(last, new FlowAllowance(0, 0, 65536));
        var decision = controller.Update(last with { At = TimeSpan.FromSeconds(1.2) }, new FlowAllowance(0, 0, 65536));

        Assert.Equal(TimeSpan.FromMilliseconds(100), decision.NextSample);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1001)]
    public void A_target_outside_its_range_is_refused(double milliseconds) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new DelayBasedRateController(TimeSpan.FromMilliseconds(milliseconds), new Random(1)));

    private static RateDecision Feed(DelayBasedRateController controller, double from, double until, double rtt, double rate)
    {
        RateDecision decision = default;
        for (var at = from; at < until; at += 0.02)
        {
            decision = controller.Update(Sample(at, rtt, rate * at), new FlowAllowance(0, 0, 65536));
        }

        return decision;
    }

    private static PathSample Sample(double at, double rtt, double bytes, bool isReceiverLimited = false) => new()
    {
        At = TimeSpan.FromSeconds(at),
        Rtt = TimeSpan.FromSeconds(rtt),
        MinRtt = TimeSpan.FromSeconds(0.0001 + rtt),
        SentBytes = bytes,
        AckedBytes = bytes,
        IsReceiverLimited = isReceiverLimited,
    };
}
