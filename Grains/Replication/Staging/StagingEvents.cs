using Microsoft.Extensions.Logging;

namespace Sluice.Replication;

/// <summary>What staging logs beyond the beginning and the end of a copy. Event ids from 2050.</summary>
internal static partial class StagingEvents
{
    [LoggerMessage(2051, LogLevel.Information, "Staging goes on at durable byte {Position} of {Total}, some files damaged or lost: {Damaged}, in {Directory}")]
    public static partial void GoesOn(ILogger logger, long position, long total, bool damaged, string directory);
}
