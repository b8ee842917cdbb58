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

    [LoggerMessage(9002, LogLevel.Warning, "The silo stops although these grains have not finished their turns: {Grains}")]
    public static partial void NotDeactivated(this ILogger log, string grains);

    [LoggerMessage(9010, LogLevel.Warning, "The timer of grain {Grain} failed; it goes on.")]
    public static partial void TimerFailed(this ILogger log, GrainId grain, Exception exception);

    [LoggerMessage(9011, LogLevel.Error, "Grain {Grain} could not be activated.")]
    public static partial void ActivationFailed(this ILogger log, GrainId grain, Exception exception);

    [LoggerMessage(9012, LogLevel.Error, "Grain {Grain} failed in OnDeactivateAsync; it is deactivated all the same.")]
    public static partial void DeactivationFailed(this ILogger log, GrainId grain, Exception exception);

    [LoggerMessage(9013, LogLevel.Warning, "Grain {Grain} could not be taken out of the directory; its entry goes with this silo.")]
    public static partial void UnregisterFailed(this ILogger log, GrainId grain, Exception exception);

    [LoggerMessage(9020, LogLevel.Warning, "A message from {Peer} to {Path} was refused: its shared secret or cluster id is not ours.")]
    public static partial void SecretRefused(this ILogger log, System.Net.IPAddress? peer, string path);

    [LoggerMessage(9021, LogLevel.Warning, "A message to {Path} could not be handled.")]
    public static partial void MessageFailed(this ILogger log, string path, Exception exception);

    [LoggerMessage(9022, LogLevel.Warning, "No shared secret is configured: messages are taken from loopback only. Set Orleans:Clustering:SharedSecret.")]
    public static partial void NoSecret(this ILogger log);

    [LoggerMessage(9030, LogLevel.Information, "Silo {Silo} ({Name}) is {Status}.")]
    public static partial void MemberChanged(this ILogger log, SiloAddress silo, string name, SiloStatus status);

    [LoggerMessage(9031, LogLevel.Warning, "Silo {Silo} refuses our heartbeats.")]
    public static partial void HeartbeatRefused(this ILogger log, System.Net.IPEndPoint silo, Exception exception);

    [LoggerMessage(9040, LogLevel.Warning, "Grain {Grain} was active twice after a change of membership; the activation here ends.")]
    public static partial void DuplicateFound(this ILogger log, GrainId grain);

    [LoggerMessage(9041, LogLevel.Debug, "The directory could not reach {Silo}; it tries again while that silo is a member.")]
    public static partial void DirectoryRetry(this ILogger log, SiloAddress silo, Exception exception);
}
