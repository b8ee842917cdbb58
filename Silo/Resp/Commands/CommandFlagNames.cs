namespace Sluice.Silo.Resp.Commands;

/// <summary>The names of <see cref="CommandFlags"/> in COMMAND INFO.</summary>
public static class CommandFlagNames
{
    private static readonly (CommandFlags Flag, string Name)[] Names =
    [
        (CommandFlags.Write, "write"),
        (CommandFlags.ReadOnly, "readonly"),
        (CommandFlags.DenyOom, "denyoom"),
        (CommandFlags.Admin, "admin"),
        (CommandFlags.NoScript, "noscript"),
        (CommandFlags.Loading, "loading"),
        (CommandFlags.Stale, "stale"),
        (CommandFlags.Fast, "fast"),
        (CommandFlags.NoAuth, "no_auth"),
        (CommandFlags.NoAsyncLoading, "no_async_loading"),
        (CommandFlags.NoMulti, "no_multi"),
        (CommandFlags.AllowBusy, "allow_busy"),
    ];

    /// <summary>The names of the flags that are set.</summary>
    public static IEnumerable<string> Of(CommandFlags flags) => Names.Where(pair => flags.HasFlag(pair.Flag)).Select(pair => pair.Name);
}
