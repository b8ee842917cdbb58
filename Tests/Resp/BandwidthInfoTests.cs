using Sluice.Bandwidth;
using Sluice.Configuration;
using Sluice.Silo.Resp.Info;

namespace Sluice.Tests.Resp;

public sealed class BandwidthInfoTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_795_410_400);
    private readonly FakeNode node = new();
    private readonly BandwidthView view = new();

    [Fact]
    public async Task Links_flows_and_alerts_are_told_in_Redis_lines()
    {
        var flow = new FlowId(FlowKind.Snapshot, "a", new ReplicaKey(3, "b"));
        var link = new LinkReport { Interface = "eth0", Direction = LinkDirection.Ingress, NormalBytesPerSecond = 125_000_000, ForegroundBytesPerSecond = 5, FlowBytesPerSecond = 7, CarriedBytesPerSecond = 12 };
        var sent = new FlowReport
        {
            Flow = flow, Class = "normal", SentBytes = 100, BytesPerSecond = 10, PacingBytesPerSecond = 20, SmoothedRtt = TimeSpan.FromMilliseconds(2), QueueDelay = TimeSpan.FromMilliseconds(1), RetransmittedBytes = 9,
            RemainingBytes = 500, HeldBy = FlowHold.Share,
        };
        var alert = new BandwidthAlert { Kind = AlertKind.LinkDegraded, Subject = "b eth0 ingress", Since = Now, FromBytesPerSecond = 125_000_000, ToBytesPerSecond = 12_500_000, Text = "look at the cable" };
        view.Reported(new NodeBandwidthReport { Node = "b", Links = [link] }, Now);
        view.Answered(
            new NodeGrants([], TimeSpan.FromSeconds(10))
            {
                Links = [new LinkStatus { Node = "b", Link = link with { CapacityBytesPerSecond = 12_500_000, CapacitySource = CapacitySource.Estimated, CarriedBytesPerSecond = 1 }, AllocatedBytesPerSecond = 11_250_000, Flows = 1 }],
            },
            Now);
        node.Bandwidth = new BandwidthStatus
        {
            Nodes = [new NodeBandwidthReport { Node = "a", Flows = [sent, sent with { Flow = new FlowId(FlowKind.Log, "a", new ReplicaKey(3, "c")) }] }],
            Grants = [new FlowGrant(flow, 30, "") { LimitBytesPerSecond = 40, Class = "urgent" }],
            Alerts = [alert],
        };

        var text = await TextAsync();

        Assert.Contains("link0:interface=eth0,direction=ingress,capacity=12500000,known=estimated,normal=125000000,foreground=5,allocated=11250000,used=7,carried=12,flows=1\r\n", text, StringComparison.Ordinal);
        Assert.Contains("flows:1\r\nflow0:id=snapshot a -> 3@b,class=urgent,sent=100,rate=10,pacing=20,share=30,limit=40,srtt_us=2000,queue_delay_us=1000,retransmitted=9,held_by=share,remaining=500,eta_seconds=50\r\n", text, StringComparison.Ordinal);
        Assert.Contains("alerts:1\r\nalert0:kind=LinkDegraded,subject=b eth0 ingress,since=1795410400,from=125000000,to=12500000,text=look at the cable\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_paused_flow_has_no_ETA_although_heartbeats_go()
    {
        node.Bandwidth = new BandwidthStatus
        {
            Nodes = [new NodeBandwidthReport { Node = "b", Flows = [new FlowReport { Flow = new FlowId(FlowKind.Snapshot, "b", new ReplicaKey(3, "a")), RemainingBytes = 500, BytesPerSecond = 10, HeldBy = FlowHold.Paused }] }],
        };

        Assert.Contains("held_by=paused,remaining=500,eta_seconds=-1\r\n", await TextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_broker_the_nodes_own_links_flows_and_alerts_are_told()
    {
        node.Bandwidth = null;
        view.Reported(
            new NodeBandwidthReport
            {
                Node = "b",
                Links = [new LinkReport { Interface = "eth0" }],
                Flows = [new FlowReport { Flow = new FlowId(FlowKind.Log, "b", new ReplicaKey(3, "a")) }],
                Alerts = [new BandwidthAlert { Kind = AlertKind.GrantExpired, Subject = "b" }],
            },
            Now);

        var text = await TextAsync();

        Assert.Contains("broker:unreachable\r\nlinks:1\r\nlink0:interface=eth0,direction=egress,capacity=0,known=unknown,", text, StringComparison.Ordinal);
        Assert.Contains("flow0:id=log b -> 3@a,", text, StringComparison.Ordinal);
        Assert.Contains("alert0:kind=GrantExpired,subject=b,", text, StringComparison.Ordinal);
    }

    private async Task<string> TextAsync()
    {
        var fields = new InfoFields();
        await new BandwidthSection(new LiveConfiguration(), node, view).WriteAsync(fields);
        return fields.Text;
    }
}
