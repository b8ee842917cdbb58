using Microsoft.Extensions.Logging;

namespace Sluice.Replication;

/// <summary>What a spool logs: what it lost, and that its disk fails. Event ids from 2060.</summary>
internal static partial class SpoolEvents
{
    [LoggerMessage(2060, LogLevel.Information, "Cut {Bytes} bytes off the end of '{Segment}': they were not durable, or are damaged, and are sent again")]
    public static partial void CutOff(ILogger logger, long bytes, string segment);

    [LoggerMessage(2061, LogLevel.Information, "Removed {Segments} segments of the spool in {Directory}: they do not follow what comes before them, or hold nothing")]
    public static partial void Removed(ILogger logger, int segments, string directory);

    [LoggerMessage(2062, LogLevel.Error, "The spool in {Directory} has failed after durable sequence {Sequence}")]
    public static partial void Failed(ILogger logger, Exception error, string directory, long sequence);
}
