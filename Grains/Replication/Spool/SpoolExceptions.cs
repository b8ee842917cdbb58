namespace Sluice.Replication;

/// <summary>The file system has no room for more log. What is spooled is kept: with more room the spool goes on where it ends.</summary>
public sealed class SpoolSpaceException : Exception
{
    public SpoolSpaceException() { }
    public SpoolSpaceException(string message) : base(message) { }
    public SpoolSpaceException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>A newer program wrote the spool: it is refused, not thrown away.</summary>
public sealed class SpoolVersionException : Exception
{
    public SpoolVersionException() { }
    public SpoolVersionException(string message) : base(message) { }
    public SpoolVersionException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>A record of the spool is not what was written: the disk has changed or lost it. What comes before it is good; <see cref="LogSpool.CutAsync"/> removes the rest, which has to be sent again.</summary>
public sealed class SpoolDamagedException : Exception
{
    public SpoolDamagedException() { }
    public SpoolDamagedException(string message) : base(message) { }
    public SpoolDamagedException(string message, Exception innerException) : base(message, innerException) { }
    public SpoolDamagedException(string message, long lastGood) : base(message) => LastGood = lastGood;

    /// <summary>The last sequence that can be trusted.</summary>
    public long LastGood { get; }
}
