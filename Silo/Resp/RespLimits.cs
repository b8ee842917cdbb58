namespace Sluice.Silo.Resp;

/// <summary>What a client may claim and send. Redis' limits, under the same names where it has names for them.</summary>
/// <param name="MaxBulkBytes">The longest argument (<c>proto-max-bulk-len</c>), bytes.</param>
/// <param name="Authenticated">False until the client has given the password: then at most 10 arguments of 16 KiB, so that a stranger can't fill memory.</param>
public readonly record struct RespLimits(long MaxBulkBytes, bool Authenticated)
{
    /// <summary>The most arguments of a command, its name included.</summary>
    public const int MaxArguments = 1_048_576;

    /// <summary>The longest inline command, and the longest header line, in bytes.</summary>
    public const int MaxInlineBytes = 64 * 1024;

    /// <summary>All arguments of one command together (Redis: <c>client-query-buffer-limit</c>), bytes.</summary>
    public const long MaxCommandBytes = 1L << 30;

    /// <summary>The most arguments before authentication.</summary>
    public const int MaxUnauthenticatedArguments = 10;

    /// <summary>The longest argument before authentication, bytes.</summary>
    public const int MaxUnauthenticatedBulkBytes = 16 * 1024;

    /// <summary>The default: 512 MiB, authenticated.</summary>
    public static RespLimits Default => new(512L << 20, Authenticated: true);
}
