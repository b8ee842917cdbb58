namespace Sluice.Storage;

/// <summary>A database was written by a newer program, or is damaged; the message names what was found and the way out.</summary>
[GenerateSerializer, Alias("Sluice.StorageFormatException")]
public sealed class StorageFormatException : Exception
{
    public StorageFormatException() { }
    public StorageFormatException(string message) : base(message) { }
    public StorageFormatException(string message, Exception innerException) : base(message, innerException) { }
}
