using System.Net;
using Microsoft.Extensions.Logging;

namespace Sluice.Replication;

/// <summary>What the data plane logs: one line for each change of state, none for a frame. Event ids 2000 to 2999.</summary>
internal static partial class ReplicationEvents
{
    [LoggerMessage(2001, LogLevel.Information, "Replication listens on {EndPoint}")]
    public static partial void Listening(ILogger logger, EndPoint endPoint);

    [LoggerMessage(2002, LogLevel.Warning, "A replication connection could not be accepted")]
    public static partial void NotAccepted(ILogger logger, Exception error);

    [LoggerMessage(2003, LogLevel.Warning, "Too many replication connections: {Peer} is refused")]
    public static partial void TooManyConnections(ILogger logger, EndPoint? peer);

    [LoggerMessage(2004, LogLevel.Error, "A replication connection failed on an error of this node's own")]
    public static partial void SessionFailed(ILogger logger, Exception error);

    [LoggerMessage(2005, LogLevel.Warning, "The replication connection from {Peer} has ended: {Code}: {Reason}")]
    public static partial void ConnectionEnded(ILogger logger, EndPoint? peer, ReplicationErrorCode code, string reason);

    [LoggerMessage(2006, LogLevel.Information, "Flow {Flow} begins at byte {Position} of {Total}")]
    public static partial void SnapshotFlowBegins(ILogger logger, FlowId flow, long position, long total);

    [LoggerMessage(2007, LogLevel.Information, "Flow {Flow} begins at sequence {Sequence}")]
    public static partial void LogFlowBegins(ILogger logger, FlowId flow, long sequence);

    [LoggerMessage(2008, LogLevel.Information, "Flow {Flow} has ended after {Bytes} bytes")]
    public static partial void FlowEnds(ILogger logger, FlowId flow, long bytes);

    [LoggerMessage(2009, LogLevel.Information, "Subscribed to {Stream} at {Position}")]
    public static partial void Subscribed(ILogger logger, string stream, long position);

    [LoggerMessage(2010, LogLevel.Information, "The subscription to {Stream} is complete after {Bytes} bytes")]
    public static partial void SubscriptionCompleted(ILogger logger, string stream, long bytes);

    [LoggerMessage(2011, LogLevel.Warning, "The subscription to {Stream} has failed after {Bytes} bytes: {Reason}")]
    public static partial void SubscriptionFailed(ILogger logger, Exception? unexpected, string stream, long bytes, string reason);

    [LoggerMessage(2012, LogLevel.Error, "The observer of {Stream} failed when it was told of the end")]
    public static partial void ObserverFailed(ILogger logger, Exception error, string stream);

    [LoggerMessage(2013, LogLevel.Information, "Staging {Files} files, {Bytes} bytes, in {Directory}")]
    public static partial void StagingBegins(ILogger logger, int files, long bytes, string directory);

    [LoggerMessage(2014, LogLevel.Information, "Staged and verified {Bytes} bytes in {Directory}")]
    public static partial void StagingCompleted(ILogger logger, long bytes, string directory);

    [LoggerMessage(2015, LogLevel.Error, "Staging in {Directory} has failed at durable byte {Position}")]
    public static partial void StagingFailed(ILogger logger, Exception error, string directory, long position);
}
