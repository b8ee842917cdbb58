namespace Sluice.Storage.Commands;

/// <summary>Error replies, worded as Redis 7.0 words them: clients and their tests compare them.</summary>
internal static class RedisErrors
{
    public const string WrongType = "WRONGTYPE Operation against a key holding the wrong kind of value";
    public const string ReadOnly = "READONLY You can't write against a read only replica.";
    public const string NotAnInteger = "ERR value is not an integer or out of range";
    public const string NotAFloat = "ERR value is not a valid float";
    public const string Overflow = "ERR increment or decrement would overflow";
    public const string DecrementOverflow = "ERR decrement would overflow";
    public const string NaNOrInfinity = "ERR increment would produce NaN or Infinity";
    public const string Syntax = "ERR syntax error";
    public const string NoSuchKey = "ERR no such key";
    public const string OffsetOutOfRange = "ERR offset is out of range";
    public const string StringTooLong = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
    public const string InvalidCursor = "ERR invalid cursor";
    public const string ExpireNxConflict = "ERR NX and XX, GT or LT options at the same time are not compatible";
    public const string ExpireGtLtConflict = "ERR GT and LT options at the same time are not compatible";

    public static string InvalidExpire(string command) => $"ERR invalid expire time in '{command}' command";

    public static string WrongArguments(string command) => $"ERR wrong number of arguments for '{command}' command";

    public static string WriteFailed(string reason) => $"MISCONF The write was refused by this node's storage and not made: {reason}";

    public static string ReadFailed(string reason) => $"ERR The key could not be read from this node's storage: {reason}";
}
