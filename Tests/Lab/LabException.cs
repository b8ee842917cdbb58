namespace Sluice.Lab;

/// <summary>The lab cannot go on: a tool failed, or something that was awaited did not come.</summary>
internal sealed class LabException(string message, Exception? cause = null) : Exception(message, cause);
