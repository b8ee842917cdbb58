namespace Sluice.Silo.Resp;

/// <summary>
/// How many of a client's pipelined commands are executed together. Pure. All of them would be fastest, but their replies stand in memory at the same time, and how large these are
/// is known only afterwards: so the number begins low, doubles while replies stay small, and falls to what would have fitted when they did not.
/// </summary>
internal sealed class RoundBudget
{
    /// <summary>The most commands of a round.</summary>
    public const int MaxCommands = 1000;

    /// <summary>A round takes no further command when its commands have so many bytes: one command may be larger.</summary>
    public const long MaxRequestBytes = 1 << 20;

    /// <summary>What the replies of a round should not exceed: one reply may.</summary>
    public const long TargetReplyBytes = 1 << 20;

    private const int FirstCommands = 64;

    /// <summary>The most commands of the next round: 1 to <see cref="MaxCommands"/>.</summary>
    public int Commands { get; private set; } = FirstCommands;

    /// <summary>Learns from a round.</summary>
    public void Learn(int commands, long replyBytes)
    {
        if (replyBytes > TargetReplyBytes)
        {
            Commands = (int)Math.Max(1, commands * TargetReplyBytes / replyBytes);
        }
        else if (commands >= Commands)
        {
            Commands = Math.Min(MaxCommands, 2 * Commands);
        }
    }
}
