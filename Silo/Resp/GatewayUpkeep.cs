using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Sluice.Configuration;

namespace Sluice.Silo.Resp;

/// <summary>Once a second: closes clients that were idle for longer than <c>timeout</c>, and takes the sample for commands a second.</summary>
internal sealed partial class GatewayUpkeep(ClientRegistry clients, LiveConfiguration configuration, GatewayStatistics statistics, TimeProvider time, ILogger<GatewayUpkeep> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var last = time.GetTimestamp();
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                statistics.Sample(time.GetElapsedTime(last));
                last = time.GetTimestamp();
                if (configuration.ClientTimeout > TimeSpan.Zero && clients.AbortIdle(configuration.ClientTimeout) is > 0 and var closed)
                {
                    LogIdle(closed, configuration.ClientTimeout);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops; there is nothing to clean up.
            return;
        }
    }

    [LoggerMessage(5005, LogLevel.Information, "{Count} clients were idle for {Timeout} and are closed (timeout)")]
    private partial void LogIdle(int count, TimeSpan timeout);
}
