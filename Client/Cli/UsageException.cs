namespace Sluice.Cli;

/// <summary>The command line is wrong; the message is one sentence that names the value and the way out. Exit status 2.</summary>
internal sealed class UsageException : Exception
{
    public UsageException(string message) : base(message) { }

    public UsageException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>The command did what it could, and the answer is no; the message says why. Exit status 1.</summary>
internal sealed class CommandFailedException : Exception
{
    public CommandFailedException(string message) : base(message) { }

    public CommandFailedException(string message, Exception innerException) : base(message, innerException) { }
}
