using System.Collections.Immutable;
using System.Globalization;

namespace Sluice.Client;

internal sealed class SluiceBandwidth(IClusterGrains grains, SluiceNodes nodes) : ISluiceBandwidth
{
    private const string Ingress = "throttle-bytes-per-second";
    private const string Egress = "sync-egress-bytes-per-second";
    private const string Concurrent = "max-rsync-parallel-num";

    public Task<BandwidthStatus> GetStatusAsync(CancellationToken cancellationToken) =>
        GrainCalls.AskAsync("The bandwidth broker", () => grains.Broker.GetStatus().WaitAsync(cancellationToken));

    public async Task<BandwidthLimits> GetLimitsAsync(string node, CancellationToken cancellationToken) => new()
    {
        IngressBytesPerSecond = await ReadAsync(node, Ingress, cancellationToken).ConfigureAwait(false),
        EgressBytesPerSecond = await ReadAsync(node, Egress, cancellationToken).ConfigureAwait(false),
        MaxConcurrentSyncs = (int?)await ReadAsync(node, Concurrent, cancellationToken).ConfigureAwait(false),
    };

    public async Task SetLimitsAsync(string node, BandwidthLimits limits, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(limits);
        var parameters = ImmutableArray.CreateBuilder<ConfigParameter>();
        Add(Ingress, limits.IngressBytesPerSecond);
        Add(Egress, limits.EgressBytesPerSecond);
        Add(Concurrent, limits.MaxConcurrentSyncs);
        if (parameters.Count > 0)
        {
            await nodes.SetParametersAsync(node, parameters.ToImmutable(), cancellationToken).ConfigureAwait(false);
        }

        void Add(string name, long? value)
        {
            if (value is { } number)
            {
                parameters.Add(new ConfigParameter(name, number.ToString(CultureInfo.InvariantCulture)));
            }
        }
    }

    private async Task<long?> ReadAsync(string node, string name, CancellationToken cancellationToken)
    {
        var found = await nodes.GetParametersAsync(node, name, cancellationToken).ConfigureAwait(false);
        return found.Count > 0 && long.TryParse(found[0].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;
    }
}
