namespace Sluice;

/// <summary>A replica cannot do what was asked of it now: wrong role, closed, or without data.</summary>
[GenerateSerializer, Alias("Sluice.ShardUnavailableException")]
public sealed class ShardUnavailableException : Exception
{
    public ShardUnavailableException() { }
    public ShardUnavailableException(string message) : base(message) { }
    public ShardUnavailableException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>Log records do not follow the replica's sequence.</summary>
[GenerateSerializer, Alias("Sluice.LogGapException")]
public sealed class LogGapException : Exception
{
    public LogGapException() { }
    public LogGapException(string message) : base(message) { }
    public LogGapException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>The primary no longer has the log from the wanted sequence on: a full copy is needed.</summary>
[GenerateSerializer, Alias("Sluice.LogTruncatedException")]
public sealed class LogTruncatedException : Exception
{
    public LogTruncatedException() { }
    public LogTruncatedException(string message) : base(message) { }
    public LogTruncatedException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>A replica cannot make or give the snapshot that was asked for, though it can do everything else: its disk is full, or the request is wrong. The message says which.</summary>
[GenerateSerializer, Alias("Sluice.SnapshotRefusedException")]
public sealed class SnapshotRefusedException : Exception
{
    public SnapshotRefusedException() { }
    public SnapshotRefusedException(string message) : base(message) { }
    public SnapshotRefusedException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>An order that cannot be carried out; the message says why and what to do, and is shown to the operator as it stands.</summary>
[GenerateSerializer, Alias("Sluice.OrderRefusedException")]
public sealed class OrderRefusedException : Exception
{
    public OrderRefusedException() { }
    public OrderRefusedException(string message) : base(message) { }
    public OrderRefusedException(string message, Exception innerException) : base(message, innerException) { }
}
