namespace Sluice.Storage.Commands;

/// <summary>A command fails; the message is its error reply, beginning with the code. Never leaves the partition.</summary>
internal sealed class CommandException(string message) : Exception(message);
