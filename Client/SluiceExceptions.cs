namespace Sluice.Client;

/// <summary>A call of the Sluice client failed; the message is one sentence for a person.</summary>
public class SluiceException : Exception
{
    public SluiceException() { }
    public SluiceException(string message) : base(message) { }
    public SluiceException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>The cluster, or the node that was asked, does not answer. Whether a write took effect is not known.</summary>
public sealed class SluiceUnreachableException : SluiceException
{
    public SluiceUnreachableException() { }
    public SluiceUnreachableException(string message) : base(message) { }
    public SluiceUnreachableException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>The shard refused the command; the message is the error reply, as a Redis client would see it.</summary>
public sealed class SluiceCommandException : SluiceException
{
    public SluiceCommandException() { }
    public SluiceCommandException(string message) : base(message) { }
    public SluiceCommandException(string message, Exception innerException) : base(message, innerException) { }

    /// <summary>The error's first word: <c>ERR</c>, <c>WRONGTYPE</c>, <c>READONLY</c>, ...</summary>
    public string Code => Message.Split(' ', 2)[0];
}

/// <summary>No node of the cluster has that name.</summary>
public sealed class UnknownNodeException : SluiceException
{
    public UnknownNodeException() { }
    public UnknownNodeException(string message) : base(message) { }
    public UnknownNodeException(string message, Exception innerException) : base(message, innerException) { }
}
