using Sluice.Bandwidth;

namespace Sluice.Configuration;

/// <summary>The parameters of a node, under the names that operators of Redis and Pika know.</summary>
public static class ConfigurationParameters
{
    /// <summary>The largest rate, bytes per second: a terabyte, above any interface, and far from where sums would overflow.</summary>
    public const long MaxRate = PolicyEditing.MaxRate;

    /// <summary>Clients at once; those beyond it are told so and closed.</summary>
    public static readonly ConfigurationParameter MaxClients = new() { Name = "maxclients", Kind = ParameterKind.Integer, Default = "10000", Minimum = 1, Maximum = 65000, Summary = "clients connected at once" };

    /// <summary>The password that clients give with AUTH; empty: none.</summary>
    public static readonly ConfigurationParameter RequirePass = new() { Name = "requirepass", Kind = ParameterKind.Text, Default = "", Summary = "the password that clients must give with AUTH; empty: none" };

    /// <summary>The password that this node gives to the primary's node when it begins to follow it; empty: none.</summary>
    public static readonly ConfigurationParameter MasterAuth = new() { Name = "masterauth", Kind = ParameterKind.Text, Default = "", Summary = "the password of the node that REPLICAOF names; empty: none" };

    /// <summary>Seconds after which an idle client is closed; 0: never.</summary>
    public static readonly ConfigurationParameter Timeout = new() { Name = "timeout", Kind = ParameterKind.Integer, Default = "0", Maximum = int.MaxValue, Summary = "seconds after which an idle client is closed; 0: never" };

    /// <summary>The longest value, in bytes.</summary>
    public static readonly ConfigurationParameter ProtoMaxBulkLength = new() { Name = "proto-max-bulk-len", Kind = ParameterKind.Memory, Default = "536870912", Minimum = 1 << 20, Maximum = 512 << 20, Summary = "the longest value, in bytes" };

    /// <summary>Limit on full copies and logs that this node receives, bytes per second; 0: none.</summary>
    public static readonly ConfigurationParameter Throttle = new() { Name = "throttle-bytes-per-second", IsOwn = true, Kind = ParameterKind.Memory, Default = "0", Maximum = MaxRate, Summary = "limit on copies that this node receives, in bytes per second; 0: none" };

    /// <summary>Limit on full copies and logs that this node sends, bytes per second; 0: none.</summary>
    public static readonly ConfigurationParameter SyncEgress = new() { Name = "sync-egress-bytes-per-second", IsOwn = true, Kind = ParameterKind.Memory, Default = "0", Maximum = MaxRate, Summary = "limit on copies that this node sends, in bytes per second; 0: none" };

    /// <summary>The rate of a flow without a fresh grant, bytes per second: low, but never nothing.</summary>
    public static readonly ConfigurationParameter SyncFloor = new() { Name = "sync-floor-bytes-per-second", IsOwn = true, Kind = ParameterKind.Memory, Default = "65536", Minimum = 1024, Maximum = MaxRate, Summary = "the rate of a flow that has no grant, in bytes per second" };

    /// <summary>The least time without an acknowledged byte after which a flow counts as stalled, milliseconds.</summary>
    public static readonly ConfigurationParameter RsyncTimeout = new() { Name = "rsync-timeout-ms", IsOwn = true, Kind = ParameterKind.Integer, Default = "1000", Minimum = 10, Maximum = 3_600_000, Summary = "the least time without progress after which a copy's connection counts as stalled, in milliseconds" };

    /// <summary>The part of a link's known capacity that copies leave to others, per cent; <see cref="Bandwidth.Headroom"/>.</summary>
    public static readonly ConfigurationParameter SyncHeadroom = new() { Name = "sync-headroom-percent", IsOwn = true, Kind = ParameterKind.Integer, Default = "auto", Maximum = 90, Auto = NodeBandwidthReport.AutoHeadroom, Summary = "the part of a link's known capacity that copies leave free, in per cent; auto: 10 of a configured capacity or an interface's speed, 0 of an estimate" };

    /// <summary>The delay that a flow's rate controller lets stand in queues, milliseconds.</summary>
    public static readonly ConfigurationParameter TargetQueueDelay = new() { Name = "target-queue-delay-ms", IsOwn = true, Kind = ParameterKind.Integer, Default = "10", Minimum = 1, Maximum = 1000, Summary = "the delay that copies may add to a link's queues, in milliseconds" };

    /// <summary>Full copies at once over each link of this node, in either direction.</summary>
    public static readonly ConfigurationParameter MaxConcurrentSyncs = new() { Name = "max-concurrent-syncs", IsOwn = true, Kind = ParameterKind.Integer, Default = "2", Minimum = 1, Maximum = 1024, Summary = "full copies at once over each of this node's links, in either direction" };

    /// <summary>Pika's name for it.</summary>
    public static readonly ConfigurationParameter MaxRsyncParallel = MaxConcurrentSyncs with { Name = "max-rsync-parallel-num", AliasOf = MaxConcurrentSyncs, Summary = "Pika's name for max-concurrent-syncs" };

    /// <summary>What the node's links can carry; <see cref="LinkCapacitySetting"/>.</summary>
    public static readonly ConfigurationParameter LinkCapacity = new() { Name = "link-capacity", Kind = ParameterKind.Text, Default = "auto", Check = static text => LinkCapacitySetting.TryParse(text, out _), Summary = "what the network interfaces can carry, for example eth0 egress 1gbit ingress 500mbit; auto: found out" };

    /// <summary>Where alerts are posted to; empty: nowhere.</summary>
    public static readonly ConfigurationParameter AlertWebhook = new() { Name = "alert-webhook", Kind = ParameterKind.Text, Default = "", Check = Bandwidth.AlertWebhook.CheckUrl, Summary = "the http or https URL that alerts are posted to as JSON; empty: none" };

    /// <summary>What leased snapshots may hold on this node's disk beyond the live files, bytes; 0: no bound but the disk's own.</summary>
    public static readonly ConfigurationParameter SnapshotMaxDisk = new() { Name = "snapshot-max-disk-bytes", IsOwn = true, Kind = ParameterKind.Memory, Default = "0", Maximum = 1L << 60, Summary = "what snapshots may hold on disk beyond the live files, in bytes, before unused ones are given up; 0: no bound, they go when the disk is nearly full" };

    /// <summary>Whether writers are slowed so that followers keep up.</summary>
    public static readonly ConfigurationParameter ReplBackpressure = new() { Name = "repl-backpressure", Kind = ParameterKind.Choice, Default = "no", Choices = ["no", "yes"], Summary = "whether writers are slowed just enough for replicas and copies to keep up" };

    /// <summary>How long one batch of writes waits for that at the most, milliseconds.</summary>
    public static readonly ConfigurationParameter ReplBackpressureMaxDelay = new() { Name = "repl-backpressure-max-delay-ms", IsOwn = true, Kind = ParameterKind.Integer, Default = "1000", Minimum = 1, Maximum = 60_000, Summary = "how long repl-backpressure makes a write wait at the most, in milliseconds" };

    /// <summary>When a write is as durable as its acknowledgement says: each write, once a second, or when the system pleases.</summary>
    public static readonly ConfigurationParameter AppendFsync = new() { Name = "appendfsync", Kind = ParameterKind.Choice, Default = "everysec", Choices = ["everysec", "always", "no"], Summary = "when writes are synced to disk" };

    /// <summary>The RESP port.</summary>
    public static readonly ConfigurationParameter Port = ReadOnly("port", "9221", "the RESP port");

    /// <summary>The addresses that RESP listens on.</summary>
    public static readonly ConfigurationParameter Bind = ReadOnly("bind", "127.0.0.1", "the addresses that RESP listens on");

    /// <summary>The data directory.</summary>
    public static readonly ConfigurationParameter Directory = ReadOnly("dir", "", "the data directory");

    /// <summary>All of them, in the order in which CONFIG GET * lists them. What can't be set is there because Redis' clients ask for it.</summary>
    public static IReadOnlyList<ConfigurationParameter> All { get; } =
    [
        MaxClients, RequirePass, MasterAuth, Timeout, ProtoMaxBulkLength, Throttle, SyncEgress, SyncFloor, SyncHeadroom, TargetQueueDelay, MaxConcurrentSyncs, MaxRsyncParallel, RsyncTimeout, LinkCapacity, AlertWebhook, SnapshotMaxDisk, ReplBackpressure, ReplBackpressureMaxDelay, AppendFsync,
        Port, Bind, Directory,
        ReadOnly("databases", "1", "always 1: SELECT 0"),
        ReadOnly("save", "", "empty: there are no RDB snapshots"),
        ReadOnly("appendonly", "yes", "yes: each write is in RocksDB's log"),
        ReadOnly("maxmemory", "0", "0: data lies on disk, nothing is evicted"),
        ReadOnly("maxmemory-policy", "noeviction", "nothing is evicted"),
        ReadOnly("tcp-keepalive", "300", "seconds between keep-alive probes"),
        ReadOnly("cluster-enabled", "no", "clients see one server: any node answers for any key"),
        ReadOnly("replica-read-only", "yes", "replicas refuse writes"),
        ReadOnly("slave-read-only", "yes", "replicas refuse writes"),
        ReadOnly("client-query-buffer-limit", "1073741824", "all arguments of one command, in bytes"),
    ];

    private static ConfigurationParameter ReadOnly(string name, string value, string summary) =>
        new() { Name = name, Kind = ParameterKind.Text, Default = value, IsMutable = false, Summary = summary };
}
