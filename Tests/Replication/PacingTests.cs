using System.Globalization;
using Sluice.Bandwidth;
using Sluice.Replication;
using Xunit.Abstractions;

namespace Sluice.Tests.Replication;

/// <summary>
/// What the wire really carries. The figure is what the receiver's socket got, headers included, over seconds of real time; the bounds leave room for a machine that is busy with other
/// tests: the rates are such that one which has a tenth of a core left can keep them. The exact figures come from the benchmark.
/// </summary>
[Collection("Pacing")]
public sealed class PacingTests(ITestOutputHelper output)
{
    private const long Mega = 1_000_000;

    [Theory]
    [InlineData(8 * Mega)]
    [InlineData(1 * Mega)]
    public async Task The_wire_carries_the_pacing_rate(long rate)
    {
        await using var nodes = await LoopbackNodes.StartAsync(nodes => nodes.Sending.InitialBytesPerSecond = _ => rate);
        await using var copy = await Copy.BeginAsync(nodes);

        // From the very first moment: no burst before the pacing takes hold.
        await AssertCarriesAsync(copy, rate);
    }

    [Fact]
    public async Task A_flow_does_not_begin_with_a_burst()
    {
        await using var nodes = await LoopbackNodes.StartAsync(nodes => nodes.Sending.InitialBytesPerSecond = _ => 1 * Mega);
        await using var copy = await Copy.BeginAsync(nodes);
        await copy.RateAsync(TimeSpan.FromMilliseconds(100));

        // 100 ms worth is 100 kB; the timers of a busy machine may make 100 ms longer.
        Assert.InRange(copy.Bytes, 1, 400_000);
    }

    [Theory]
    [InlineData(4 * Mega, 8 * Mega)]
    [InlineData(8 * Mega, 1 * Mega)]
    [InlineData(0, 8 * Mega)]
    [InlineData(16_000, 4 * Mega)]
    public async Task A_new_rate_holds_within_a_second(long before, long after)
    {
        await using var nodes = await LoopbackNodes.StartAsync(nodes => nodes.Sending.InitialBytesPerSecond = _ => before);
        await using var copy = await Copy.BeginAsync(nodes);
        await copy.RateAsync(TimeSpan.FromSeconds(1));
        copy.Flow.Allow(new FlowAllowance(0, after, 0, IsPaused: false));
        await copy.RateAsync(TimeSpan.FromSeconds(1));
        await AssertCarriesAsync(copy, after);
    }

    [Fact]
    public async Task A_fall_of_the_rate_leaves_little_in_the_queue()
    {
        await using var nodes = await LoopbackNodes.StartAsync(nodes => nodes.Sending.InitialBytesPerSecond = _ => 100 * Mega);
        await using var copy = await Copy.BeginAsync(nodes);
        await copy.RateAsync(TimeSpan.FromSeconds(0.5));
        copy.Flow.Allow(new FlowAllowance(0, 100_000, 0, IsPaused: false));
        var received = copy.Bytes;

        // All that was given to the kernel before the fall and comes out after it, and one second at the new rate.
        await copy.RateAsync(TimeSpan.FromSeconds(1));
        Assert.InRange(copy.Bytes - received, 0, 1_500_000);
        Assert.InRange(copy.Flow.SentBytes - copy.Bytes, -300_000, 300_000);
    }

    // Too much is a fault at once. Too little may be the fault of a machine that has other things to do: then one of the next windows must have it right.
    private async Task AssertCarriesAsync(Copy copy, long rate)
    {
        for (var window = 1; ; window++)
        {
            var average = await copy.RateAsync(TimeSpan.FromSeconds(2));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rate} asked, {average:0} measured"));
            Assert.True(average <= 1.1 * rate, $"{average:0} bytes per second measured, {rate} allowed");
            if (average >= 0.9 * rate)
            {
                return;
            }

            Assert.True(window < 15, $"{average:0} bytes per second measured in the last of {window} windows, {rate} allowed");
        }
    }

    private sealed class Copy : IAsyncDisposable
    {
        private readonly ReplicationSubscriptionHandle<SnapshotChunk> handle;

        private Copy(ReplicationSubscriptionHandle<SnapshotChunk> handle, Flow flow)
        {
            this.handle = handle;
            Flow = flow;
        }

        public Flow Flow { get; }

        public long Bytes => handle.WireBytesReceived;

        public static async Task<Copy> BeginAsync(LoopbackNodes nodes)
        {
            var stream = nodes.SnapshotStream(nodes.OfferZeros(1L << 40));
            var handle = (ReplicationSubscriptionHandle<SnapshotChunk>)await stream.SubscribeAsync(new Observer<SnapshotChunk>((_, _) => Task.CompletedTask));
            return new Copy(handle, Assert.Single(nodes.Flows.Flows));
        }

        /// <summary>The average over a time, in bytes per second, by the time that really passed.</summary>
        public async Task<double> RateAsync(TimeSpan time)
        {
            var clock = TimeProvider.System;
            var (start, bytes) = (clock.GetTimestamp(), Bytes);
            await Task.Delay(time, clock);
            return (Bytes - bytes) / clock.GetElapsedTime(start).TotalSeconds;
        }

        public ValueTask DisposeAsync() => new(handle.UnsubscribeAsync());
    }
}

/// <summary>Tests that measure rates run one after the other, and not beside others.</summary>
[CollectionDefinition("Pacing", DisableParallelization = true)]
public sealed class PacingCollection;
