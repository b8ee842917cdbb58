namespace Sluice.Replication;

/// <summary>What a frame is. The numbers are on the wire: they may only grow.</summary>
public enum FrameType : byte
{
    /// <summary>Subscriber to listener: who I am, and a nonce.</summary>
    Hello = 1,

    /// <summary>Listener to subscriber: a nonce, and proof that I know the secret.</summary>
    Challenge = 2,

    /// <summary>Subscriber to listener: proof that I know the secret too.</summary>
    Proof = 3,

    /// <summary>Subscriber to listener: the stream that I want.</summary>
    Subscribe = 4,

    /// <summary>Listener to subscriber: it begins.</summary>
    Accepted = 5,

    /// <summary>A piece of a file.</summary>
    Data = 6,

    /// <summary>Whole log records.</summary>
    Log = 7,

    /// <summary>A part of one log record that does not fit into a frame.</summary>
    LogPart = 8,

    /// <summary>Nothing to send, but alive.</summary>
    Heartbeat = 9,

    /// <summary>Subscriber to listener: taken in, and durable, so far.</summary>
    Ack = 10,

    /// <summary>The end of a snapshot.</summary>
    Completed = 11,

    /// <summary>Why the connection ends.</summary>
    Error = 12,

    /// <summary>How far what was sent of a log is behind it.</summary>
    Progress = 13,
}

/// <summary>Why the other side ended the connection. The numbers are on the wire: they may only grow.</summary>
public enum ReplicationErrorCode : ushort
{
    /// <summary>The proof of the shared secret is wrong.</summary>
    WrongSecret = 1,

    /// <summary>There is no such stream (any more).</summary>
    UnknownStream = 2,

    /// <summary>The log no longer reaches back to the wanted sequence.</summary>
    LogTruncated = 3,

    /// <summary>A frame was malformed, oversized or out of place.</summary>
    Malformed = 4,

    /// <summary>The source was withdrawn, or cannot be read.</summary>
    SourceUnavailable = 5,

    /// <summary>Too many connections.</summary>
    Busy = 6,

    /// <summary>The same replica has opened the same stream anew.</summary>
    Superseded = 7,

    /// <summary>Nothing was acknowledged for too long.</summary>
    Stalled = 8,

    /// <summary>The listener stops.</summary>
    Stopping = 9,
}
