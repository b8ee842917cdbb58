namespace Sluice.Resp;

/// <summary>Bytes that are no RESP. Closes the connection that they came from.</summary>
public sealed class RespFormatException : Exception
{
    public RespFormatException() { }

    /// <param name="message">What was expected and what came, without the words "Protocol error".</param>
    public RespFormatException(string message) : base(message) { }

    public RespFormatException(string message, Exception innerException) : base(message, innerException) { }
}
