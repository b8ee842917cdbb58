namespace Sluice.Tests.Bandwidth;

/// <summary>Reports of nodes, shortly written.</summary>
internal static class Reports
{
    public const long Floor = 1_000;
    public const int Headroom = 10;

    public static NodeBandwidthReport Node(string name, long ingress = 0, long egress = 0, long capacity = 0, CapacitySource source = CapacitySource.Configured, long foreground = 0, params FlowReport[] flows) => new()
    {
        Node = name,
        IngressLimit = ingress,
        EgressLimit = egress,
        MaxConcurrentSyncs = 2,
        HeadroomPercent = Headroom,
        FloorBytesPerSecond = Floor,
        Flows = [.. flows],
        Links = capacity == 0 ? [] : [Link(LinkDirection.Egress, capacity, source, foreground), Link(LinkDirection.Ingress, capacity, source, foreground)],
    };

    public static LinkReport Link(LinkDirection direction, long capacity, CapacitySource source = CapacitySource.Configured, long foreground = 0) =>
        new() { Interface = "eth0", Direction = direction, CapacityBytesPerSecond = capacity, CapacitySource = source, ForegroundBytesPerSecond = foreground };

    public static FlowReport Copy(string from, string to, int shard, string qosClass = QosClass.Normal) =>
        new() { Flow = new FlowId(FlowKind.Snapshot, from, new ReplicaKey(shard, to)), Class = qosClass };

    public static FlowReport Log(string from, string to, int shard) =>
        new() { Flow = new FlowId(FlowKind.Log, from, new ReplicaKey(shard, to)), Class = QosClass.Log };
}
