namespace Sluice.Replication;

/// <summary>Why a replication connection has ended.</summary>
[GenerateSerializer, Alias("Sluice.ReplicationFailure")]
public enum ReplicationFailure
{
    /// <summary>It was closed by the other side or by the network.</summary>
    Closed = 0,

    /// <summary>No connection could be made.</summary>
    Refused = 1,

    /// <summary>No byte arrived for too long.</summary>
    Stalled = 2,

    /// <summary>The two nodes do not share a secret.</summary>
    WrongSecret = 3,

    /// <summary>The other node does not offer that stream (any more).</summary>
    UnknownStream = 4,

    /// <summary>The source was withdrawn, or cannot be read.</summary>
    SourceUnavailable = 5,

    /// <summary>One side sent what the other does not understand.</summary>
    Malformed = 6,

    /// <summary>The other node has too many connections.</summary>
    Busy = 7,

    /// <summary>The same replica has opened the same stream anew.</summary>
    Superseded = 8,
}

/// <summary>A replication connection could not be made, or has ended before its stream did. It is closed on this side: another one may be opened.</summary>
[GenerateSerializer, Alias("Sluice.ReplicationConnectionException")]
public sealed class ReplicationConnectionException : Exception
{
    public ReplicationConnectionException() { }
    public ReplicationConnectionException(string message) : base(message) { }
    public ReplicationConnectionException(string message, Exception innerException) : base(message, innerException) { }
    public ReplicationConnectionException(ReplicationFailure failure, string message, Exception? innerException = null) : base(message, innerException) => Failure = failure;

    /// <summary>Why.</summary>
    [Id(0)]
    public ReplicationFailure Failure { get; init; }
}

/// <summary>A peer sent something that is no valid frame.</summary>
[GenerateSerializer, Alias("Sluice.MalformedFrameException")]
public sealed class MalformedFrameException : Exception
{
    public MalformedFrameException() { }
    public MalformedFrameException(string message) : base(message) { }
    public MalformedFrameException(string message, Exception innerException) : base(message, innerException) { }
}
