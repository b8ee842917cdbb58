using System.Reflection;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Bandwidth;
using Sluice.Configuration;
using Sluice.Replication;
using Sluice.Tests.Client;
using Sluice.Tests.Cluster;

namespace Sluice.Tests.Bandwidth;

/// <summary>The agent as it runs on a node, with a clock that the test moves and a broker that the test answers for.</summary>
public sealed class BandwidthAgentTests : IAsyncLifetime
{
    private const long Share = 1_000_000;
    private const long Floor = 65_536;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ValidFor = TimeSpan.FromSeconds(10);

    // The report that finds the grant expired may have been waiting for its answer, and the next is due an interval later.
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(2.5);

    private readonly ManualTimeProvider time = new();
    private readonly FakeBroker broker = new();
    private readonly FlowTable flows = new();
    private readonly Channel<(long BytesPerSecond, DateTimeOffset At)> paces = Channel.CreateUnbounded<(long, DateTimeOffset)>();
    private readonly AlertWebhook webhook;
    private readonly BandwidthAgent agent;
    private DateTimeOffset answered;

    public BandwidthAgentTests()
    {
        var options = Options.Create(new NodeOptions { Name = "a" });
        var configuration = new LiveConfiguration();
        var grains = DispatchProxy.Create<IGrainFactory, OneGrain>();
        ((OneGrain)(object)grains).Grain = broker;
        webhook = new AlertWebhook(configuration, options, time, NullLogger<AlertWebhook>.Instance);
        agent = new BandwidthAgent(
            flows, new GrantTable(), new LinkMonitor(new WireUse(), configuration, time), new BandwidthView(), new AlertDesk(webhook, NullLogger<AlertDesk>.Instance), new KnownPolicy(), configuration, grains, options,
            time, NullLogger<BandwidthAgent>.Instance);
        broker.Answer = report =>
        {
            answered = time.GetUtcNow();
            return Task.FromResult(new NodeGrants([.. report.Flows.Select(flow => new FlowGrant(flow.Flow, Share, "its share"))], ValidFor) { PolicyVersion = -1 });
        };
    }

    public Task InitializeAsync() => agent.StartAsync(CancellationToken.None);

    public async Task DisposeAsync()
    {
        await agent.StopAsync(CancellationToken.None);
        agent.Dispose();
        webhook.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_copy_keeps_its_last_grant_until_that_expires_and_then_its_floor_and_gets_a_grant_again(bool brokerSaysNothing)
    {
        using var copy = Open(FlowKind.Snapshot);
        Assert.Equal(Share, (await NextPaceAsync("the first grant")).BytesPerSecond);

        var grant = broker.Answer;
        broker.Answer = brokerSaysNothing ? static _ => new TaskCompletionSource<NodeGrants>().Task : static _ => Task.FromException<NodeGrants>(new TimeoutException("No answer."));
        var (pace, at) = await NextPaceAsync("the end of the grant");
        Assert.Equal((Floor, FlowHold.Floor), (pace, copy.HeldBy));
        Assert.InRange(at - answered, ValidFor, ValidFor + Late);

        broker.Answer = grant;
        (pace, at) = await NextPaceAsync("a grant again");
        Assert.Equal(Share, pace);
        Assert.InRange(at - answered, TimeSpan.Zero, Late);
    }

    [Fact]
    public async Task A_log_stream_whose_grant_expires_is_left_to_its_controller()
    {
        using var log = Open(FlowKind.Log);
        Assert.Equal(Share, (await NextPaceAsync("the first grant")).BytesPerSecond);

        broker.Answer = static _ => Task.FromException<NodeGrants>(new TimeoutException("No answer."));
        var (pace, at) = await NextPaceAsync("the end of the grant");
        Assert.Equal(0, pace);
        Assert.InRange(at - answered, ValidFor, ValidFor + Late);
    }

    private Flow Open(FlowKind kind)
    {
        var flow = flows.Open(new FlowId(kind, "a", new ReplicaKey(0, "b")), QosClass.Normal, Floor);
        flow.PacingChanged += pace => paces.Writer.TryWrite((pace, time.GetUtcNow()));
        return flow;
    }

    // Time passes only as far as the agent waits for it, so the clock says exactly when it acts.
    private async Task<(long BytesPerSecond, DateTimeOffset At)> NextPaceAsync(string awaited)
    {
        (long, DateTimeOffset) pace = default;
        await Eventually.IsTrueAsync(awaited, Bound, () =>
        {
            if (paces.Reader.TryRead(out pace))
            {
                return Task.FromResult(true);
            }

            time.AdvanceToNext();
            return Task.FromResult(false);
        });
        return pace;
    }

    private class OneGrain : DispatchProxy
    {
        public object Grain { get; set; } = null!;

        protected override object Invoke(MethodInfo? targetMethod, object?[]? args) => Grain;
    }
}
