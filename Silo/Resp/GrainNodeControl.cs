using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Sluice.Silo.Resp;

/// <summary>Asks the node's grain.</summary>
internal sealed partial class GrainNodeControl(IGrainFactory grains, IOptions<NodeOptions> options, IHostApplicationLifetime lifetime, ILogger<GrainNodeControl> logger) : INodeControl
{
    /// <inheritdoc/>
    public string Name => options.Value.Name;

    /// <inheritdoc/>
    public IBandwidthBrokerGrain Broker => grains.GetGrain<IBandwidthBrokerGrain>(0);

    private INodeGrain Node => grains.GetGrain<INodeGrain>(Name);

    /// <inheritdoc/>
    public Task<NodeReport> GetReportAsync() => Node.GetReport();

    /// <inheritdoc/>
    public async Task<BandwidthStatus?> GetBandwidthAsync()
    {
        try
        {
            return await Broker.GetStatus();
        }
        catch (Exception error) when (error is OrleansException or TimeoutException or IOException or HttpRequestException)
        {
            LogNoBroker(error);
            return null;
        }
    }

    /// <inheritdoc/>
    public Task ReplicaOfAsync(ReplicaOfOrder order) => Node.ReplicaOf(order);

    /// <inheritdoc/>
    public Task PromoteAsync() => Node.Promote();

    /// <inheritdoc/>
    public Task FailoverAsync(FailoverOrder order) => Node.Failover(order);

    /// <inheritdoc/>
    public Task AbortFailoverAsync() => Node.AbortFailover();

    /// <inheritdoc/>
    public Task TakeCoordinationAsync() => Node.TakeCoordination();

    /// <inheritdoc/>
    public void Shutdown() => lifetime.StopApplication();

    [LoggerMessage(5201, LogLevel.Debug, "The bandwidth broker cannot be reached")]
    private partial void LogNoBroker(Exception error);
}
