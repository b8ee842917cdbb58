using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Sluice;

/// <summary>The one ActivitySource and the one Meter of Sluice, both named <c>Sluice</c>.</summary>
public static class SluiceTelemetry
{
    /// <summary>The name of the source and of the meter.</summary>
    public const string Name = "Sluice";

    /// <summary>The name of the span that a sync's trace begins with.</summary>
    public const string SyncSpan = "sync";

    /// <summary>Traces: one a sync, whose spans follow the states across both nodes.</summary>
    public static readonly ActivitySource Source = new(Name);

    /// <summary>Metrics; units are UCUM's.</summary>
    public static readonly Meter Meter = new(Name);

    /// <summary>Payload of full copies that arrived at this node.</summary>
    internal static readonly Counter<long> CopyReceived = Meter.CreateCounter<long>("sluice.copy.received", "By", "Payload of full copies received by this node");

    /// <summary>Full copies that this node installed.</summary>
    internal static readonly Counter<long> CopiesInstalled = Meter.CreateCounter<long>("sluice.copy.installed", "{copy}", "Full copies installed by this node");

    /// <summary>Log records that this node applied as a replica.</summary>
    internal static readonly Counter<long> LogApplied = Meter.CreateCounter<long>("sluice.log.applied", "{record}", "Log records applied by this node");

    /// <summary>Attempts of a sync that failed.</summary>
    internal static readonly Counter<long> SyncFailures = Meter.CreateCounter<long>("sluice.sync.failures", "{attempt}", "Attempts of a sync that failed");

    /// <summary>How long writes waited so that followers keep up.</summary>
    internal static readonly Histogram<double> WriteDelay = Meter.CreateHistogram<double>("sluice.write.delay", "s", "What repl-backpressure made a batch of writes wait");

    /// <summary>Alerts that were raised.</summary>
    internal static readonly Counter<long> AlertsRaised = Meter.CreateCounter<long>("sluice.alert.raised", "{alert}", "Alerts raised");

    /// <summary>Alerts that the webhook did not take.</summary>
    internal static readonly Counter<long> WebhookFailures = Meter.CreateCounter<long>("sluice.alert.undelivered", "{alert}", "Alerts that the webhook did not take");

    /// <summary>The span of one state of a sync, child of the sync's trace; null when nobody listens.</summary>
    internal static Activity? StartState(ReplicaKey replica, SyncState state)
    {
        var activity = Source.StartActivity($"{SyncSpan} {state.ToString().ToLowerInvariant()}");
        activity?.SetTag("sluice.shard", replica.Shard);
        activity?.SetTag("sluice.node", replica.Node);
        return activity;
    }
}
