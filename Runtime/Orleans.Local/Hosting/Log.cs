using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Orleans;

/// <summary>What the runtime logs: event ids 9000 and up.</summary>
internal static partial class Log
{
    [LoggerMessage(9000, LogLevel.Information, "Silo {Name} started as {Address}, gateway port {GatewayPort}, {Classes} grain classes.")]
    public static partial void SiloStarted(this ILogger log, string name, SiloAddress address, int gatewayPort, int classes);

    [LoggerMessage(9001, LogLevel.Information, "Silo {Name} stopped.")]
    public static partial void SiloStopped(this ILogger log, string name);

    [LoggerMessage(9010, LogLevel.Warning, "The timer of grain {Grain} failed; it goes on.")]
    public static partial void TimerFailed(this ILogger log, GrainId grain, Exception exception);

    [LoggerMessage(9011, LogLevel.Error, "Grain {Grain} could not be activated.")]
    public static partial void ActivationFailed(this ILogger log, GrainId grain, Exception exception);

    [LoggerMessage(9012, LogLevel.Error, "Grain {Grain} failed in OnDeactivateAsync; it is deactivated all the same.")]
    public static partial void DeactivationFailed(this ILogger log, GrainId grain, Exception exception);

    [LoggerMessage(9013, LogLevel.Warning, "Grain {Grain} could not be taken out of the directory; its entry goes with this silo.")]
    public static partial void UnregisterFailed(this ILogger log, GrainId grain, Exception exception);
}
