namespace Sluice.Client;

/// <summary>When a value is set.</summary>
public enum SetCondition
{
    /// <summary>In any case.</summary>
    Always = 0,

    /// <summary>Only if there is no such key (<c>NX</c>).</summary>
    IfAbsent = 1,

    /// <summary>Only if there is such a key (<c>XX</c>).</summary>
    IfPresent = 2,
}

/// <summary>How a value is set. At most one of the three expiries may be given.</summary>
public sealed record SetOptions
{
    /// <summary>The key lives for so long; at least 1 ms.</summary>
    public TimeSpan? ExpireAfter { get; init; }

    /// <summary>The key lives until this moment, in whole milliseconds.</summary>
    public DateTimeOffset? ExpireAt { get; init; }

    /// <summary>The key keeps the expiry that it has.</summary>
    public bool KeepExpiry { get; init; }

    /// <summary>When the value is set.</summary>
    public SetCondition Condition { get; init; }

    internal void AppendTo(List<byte[]> command)
    {
        if ((ExpireAfter is null ? 0 : 1) + (ExpireAt is null ? 0 : 1) + (KeepExpiry ? 1 : 0) > 1)
        {
            throw new SluiceException("ExpireAfter, ExpireAt and KeepExpiry exclude each other: give one of them.");
        }

        if (ExpireAfter is { } after)
        {
            command.Add("PX"u8.ToArray());
            command.Add(RespCommand.Number(RespCommand.Milliseconds(after)));
        }
        else if (ExpireAt is { } at)
        {
            command.Add("PXAT"u8.ToArray());
            command.Add(RespCommand.Number(at.ToUnixTimeMilliseconds()));
        }
        else if (KeepExpiry)
        {
            command.Add("KEEPTTL"u8.ToArray());
        }

        if (Condition != SetCondition.Always)
        {
            command.Add(Condition == SetCondition.IfAbsent ? "NX"u8.ToArray() : "XX"u8.ToArray());
        }
    }
}
