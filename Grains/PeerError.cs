using System.Net.Http;
using System.Net.Sockets;
using Sluice.Replication;

namespace Sluice;

/// <summary>
/// What to say of an error that came over the network. That a peer is down, slow, or no longer has what it was asked for is expected: its message says all. Anything else may be a mistake
/// of our own, and its stack trace is needed.
/// </summary>
public static class PeerError
{
    /// <summary>The error itself when it was not expected, for a log's exception; otherwise null.</summary>
    public static Exception? Unexpected(Exception error) => IsExpected(error) ? null : error;

    private static bool IsExpected(Exception error) => error switch
    {
        ReplicationConnectionException or LogTruncatedException or MalformedFrameException => true,
        ShardUnavailableException or OrleansException or TimeoutException or OperationCanceledException => true,
        SocketException or HttpRequestException => true,

        // A stream's way to report a socket; a disk's error has no socket's in it.
        IOException => error.InnerException is SocketException,
        _ => false,
    };
}
