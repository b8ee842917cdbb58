using System.Collections.Immutable;
using System.Globalization;

namespace Sluice.Client;

internal sealed class SluiceBandwidth(IClusterGrains grains, SluiceNodes nodes) : ISluiceBandwidth
{
    internal const string Broker = "The bandwidth broker";
    private const string Ingress = "throttle-bytes-per-second";
    private const string Egress = "sync-egress-bytes-per-second";
    private const string Concurrent = "max-concurrent-syncs";
    private const string Headroom = "sync-headroom-percent";
    private const string Auto = "auto";
    private const string QueueDelay = "target-queue-delay-ms";
    private const string Floor = "sync-floor-bytes-per-second";
    private const string StallTimeout = "rsync-timeout-ms";

    public Task<BandwidthStatus> GetStatusAsync(CancellationToken cancellationToken) =>
        GrainCalls.AskAsync(Broker, () => grains.Broker.GetStatus().WaitAsync(cancellationToken));

    public Task<BandwidthPolicy> GetPolicyAsync(CancellationToken cancellationToken) =>
        GrainCalls.AskAsync(Broker, () => grains.Broker.GetPolicy().WaitAsync(cancellationToken));

    public async Task<QosClassTerms> SetClassAsync(string name, QosClassChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        // A class that there is not is the broker's to refuse: it says which there are.
        var now = Find(await GetPolicyAsync(cancellationToken).ConfigureAwait(false), name) ?? new QosClassTerms(name, 0, 0, 1);
        var next = new QosClassTerms(
            name, change.ReservationBytesPerSecond ?? now.ReservationBytesPerSecond, change.LimitBytesPerSecond ?? now.LimitBytesPerSecond, change.Weight ?? now.Weight);
        var policy = await GrainCalls.AskAsync(Broker, () => grains.Broker.SetClass(next).WaitAsync(cancellationToken)).ConfigureAwait(false);
        return Find(policy, name) ?? next;
    }

    public async Task<BandwidthLimits> GetLimitsAsync(string node, CancellationToken cancellationToken)
    {
        var numbers = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var name in new[] { Ingress, Egress, Concurrent, Headroom, QueueDelay, Floor, StallTimeout })
        {
            var found = await nodes.GetParametersAsync(node, name, cancellationToken).ConfigureAwait(false);
            if (found.Count > 0 && found[0].Value == Auto)
            {
                numbers[name] = NodeBandwidthReport.AutoHeadroom;
            }
            else if (found.Count > 0 && long.TryParse(found[0].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
            {
                numbers[name] = value;
            }
        }

        return new BandwidthLimits
        {
            IngressBytesPerSecond = Number(Ingress),
            EgressBytesPerSecond = Number(Egress),
            MaxConcurrentSyncs = (int?)Number(Concurrent),
            HeadroomPercent = (int?)Number(Headroom),
            TargetQueueDelay = Time(QueueDelay),
            FloorBytesPerSecond = Number(Floor),
            StallTimeout = Time(StallTimeout),
        };

        long? Number(string name) => numbers.TryGetValue(name, out var value) ? value : null;
        TimeSpan? Time(string name) => Number(name) is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null;
    }

    public async Task SetLimitsAsync(string node, BandwidthLimits limits, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(limits);
        var parameters = ImmutableArray.CreateBuilder<ConfigParameter>();
        Add(Ingress, limits.IngressBytesPerSecond);
        Add(Egress, limits.EgressBytesPerSecond);
        Add(Concurrent, limits.MaxConcurrentSyncs);
        Add(Headroom, limits.HeadroomPercent);
        Add(QueueDelay, (long?)limits.TargetQueueDelay?.TotalMilliseconds);
        Add(Floor, limits.FloorBytesPerSecond);
        Add(StallTimeout, (long?)limits.StallTimeout?.TotalMilliseconds);
        if (parameters.Count > 0)
        {
            await nodes.SetParametersAsync(node, parameters.ToImmutable(), cancellationToken).ConfigureAwait(false);
        }

        void Add(string name, long? value)
        {
            if (value is { } number)
            {
                parameters.Add(new ConfigParameter(name, name == Headroom && number == NodeBandwidthReport.AutoHeadroom ? Auto : number.ToString(CultureInfo.InvariantCulture)));
            }
        }
    }

    private static QosClassTerms? Find(BandwidthPolicy policy, string name) => policy.ClassTable().FirstOrDefault(terms => terms.Name == name);
}
