using System.Globalization;
using Orleans.Runtime;
using Sluice.Configuration;

namespace Sluice.Silo.Resp.Handlers;

/// <summary>
/// SLUICE and its subcommands: orders about the whole cluster, which Redis has no words for: its bandwidth, and its coordinator. (What is one node's own is a parameter: CONFIG SET.) Each is durable
/// when it is answered; those about bandwidth take effect on running copies within one second.
/// </summary>
internal sealed class BandwidthOrderHandlers(INodeControl node, ITopologyView topology, TimeProvider time)
{
    private static readonly string[] Help =
    [
        "SLUICE <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CLASS [<class> [RESERVATION <size>] [LIMIT <size>] [WEIGHT <weight>]]", "    Change a QoS class, or show the class table. Sizes are bytes per second; 0: none.",
        "SYNC <shard@node> [CLASS <class>] [LIMIT <size>]", "    Change the class or the limit of the sync that builds this replica, or show them.",
        "PAUSE <shard@node>|ALL [UNTIL <unix-time-seconds>|FOR <seconds>]", "    Pause a full copy, or all.",
        "RESUME <shard@node>|ALL", "    Let a full copy, or all, go on.",
        "COORDINATOR [TAKEOVER]", "    Show which node keeps the topology, or make this one keep it because that one is gone for good.",
        "HELP", "    Prints this help.",
    ];

    /// <summary>By subcommand.</summary>
    public IEnumerable<KeyValuePair<string, CommandHandler>> Handlers =>
    [
        new("sluice|class", context => AnswerAsync(context, ClassAsync)),
        new("sluice|coordinator", context => AnswerAsync(context, CoordinatorAsync)),
        new("sluice|help", context => HelpReply.Write(context, Help)),
        new("sluice|pause", context => AnswerAsync(context, PauseAsync)),
        new("sluice|resume", context => AnswerAsync(context, ResumeAsync)),
        new("sluice|sync", context => AnswerAsync(context, SyncAsync)),
    ];

    private static async ValueTask AnswerAsync(CommandContext context, Func<CommandContext, Task> answer)
    {
        try
        {
            await answer(context);
        }
        catch (OrderRefusedException refusal)
        {
            await context.Error("ERR " + refusal.Message);
        }
        catch (Exception error) when (error is OrleansException or TimeoutException or IOException or HttpRequestException)
        {
            await context.Error($"ERR the coordinator cannot be reached: {error.Message}");
        }
    }

    private async Task ClassAsync(CommandContext context)
    {
        var policy = await node.Broker.GetPolicy();
        if (context.Arguments.Length == 2)
        {
            var table = policy.ClassTable().ToList();
            context.Reply.Array(table.Count);
            table.ForEach(terms => Write(context, terms));
            return;
        }

        // One that there is not is the broker's to refuse: it says which there are.
        var name = context.Text(2).ToLowerInvariant();
        var now = policy.ClassTable().FirstOrDefault(terms => terms.Name == name);
        if (context.Arguments.Length == 3 && now is not null)
        {
            Write(context, now);
            return;
        }

        var next = now ?? new QosClassTerms(name, 0, 0, 1);
        foreach (var (word, value) in Options(context, 3))
        {
            next = word switch
            {
                "RESERVATION" => next with { ReservationBytesPerSecond = Size(word, value) },
                "LIMIT" => next with { LimitBytesPerSecond = Size(word, value) },
                "WEIGHT" => next with { Weight = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var weight) ? weight : throw new OrderRefusedException($"WEIGHT must be a whole number between 1 and 1000, not '{value}'.") },
                _ => throw SyntaxError(word, "RESERVATION, LIMIT or WEIGHT"),
            };
        }

        await node.Broker.SetClass(next);
        await context.Ok();
    }

    private async Task CoordinatorAsync(CommandContext context)
    {
        if (context.Arguments.Length == 3 && context.Is(2, "TAKEOVER"))
        {
            await node.TakeCoordinationAsync();
            await context.Ok();
            return;
        }

        if (context.Arguments.Length > 2)
        {
            throw SyntaxError(context.Text(2), "TAKEOVER");
        }

        context.Reply.Map(2);
        context.Reply.BulkString("coordinator");
        context.Reply.BulkString(topology.Current.Coordinator);
        context.Reply.BulkString("term");
        context.Reply.Integer(topology.Current.Term);
    }

    private async Task SyncAsync(CommandContext context)
    {
        var replica = Replica(context.Text(2));
        if (context.Arguments.Length == 3)
        {
            var policy = await node.Broker.GetPolicy();
            Write(context, policy.Syncs.FirstOrDefault(sync => sync.Replica == replica) ?? new SyncPolicy { Replica = replica });
            return;
        }

        string? qosClass = null;
        long? limit = null;
        foreach (var (word, value) in Options(context, 3))
        {
            switch (word)
            {
                case "CLASS":
                    qosClass = value.ToLowerInvariant();
                    break;
                case "LIMIT":
                    limit = Size(word, value);
                    break;
                default:
                    throw SyntaxError(word, "CLASS or LIMIT");
            }
        }

        await node.Broker.SetSync(replica, qosClass, limit);
        await context.Ok();
    }

    private async Task PauseAsync(CommandContext context)
    {
        DateTimeOffset? until = null;
        foreach (var (word, value) in Options(context, 3))
        {
            if (word is not ("UNTIL" or "FOR"))
            {
                throw SyntaxError(word, "UNTIL or FOR");
            }

            // Up to the year 9999.
            const long Latest = 253_402_300_799;
            if (!long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds is < 1 or > Latest)
            {
                throw new OrderRefusedException($"{word} must be a whole number of seconds between 1 and {Latest}, not '{value}'.");
            }

            until = DateTimeOffset.FromUnixTimeSeconds(word == "UNTIL" ? seconds : Math.Min(Latest, time.GetUtcNow().ToUnixTimeSeconds() + seconds));
        }

        await (context.Is(2, "ALL") ? node.Broker.PauseAll(until) : node.Broker.Pause(Replica(context.Text(2)), until));
        await context.Ok();
    }

    private async Task ResumeAsync(CommandContext context)
    {
        await (context.Is(2, "ALL") ? node.Broker.ResumeAll() : node.Broker.Resume(Replica(context.Text(2))));
        await context.Ok();
    }

    /// <summary>The replica of that name. Orders are kept for syncs that are still to begin, too: a name that was mistyped would never be noticed, so it is refused.</summary>
    private ReplicaKey Replica(string text)
    {
        var known = topology.Current;
        ReplicaKey replica;
        try
        {
            replica = ReplicaKey.Parse(text);
        }
        catch (FormatException error)
        {
            throw new OrderRefusedException(error.Message, error);
        }

        return replica.Shard >= known.Shards.Length ? throw new OrderRefusedException($"There is no shard {replica.Shard}: the cluster has shards 0 to {known.Shards.Length - 1}.")
            : known.FindNode(replica.Node) is null ? throw new OrderRefusedException($"There is no node '{replica.Node}': the cluster has {string.Join(", ", known.Nodes.Select(each => each.Name))}.")
            : replica;
    }

    /// <summary>Pairs of a word, in upper case, and its value.</summary>
    private static IEnumerable<(string Word, string Value)> Options(CommandContext context, int first)
    {
        if ((context.Arguments.Length - first) % 2 != 0)
        {
            throw new OrderRefusedException("syntax error: a word without its value. See SLUICE HELP.");
        }

        for (var i = first; i < context.Arguments.Length; i += 2)
        {
            yield return (context.Text(i).ToUpperInvariant(), context.Text(i + 1));
        }
    }

    private static OrderRefusedException SyntaxError(string word, string wanted) => new($"syntax error: '{word}' where {wanted} was expected. See SLUICE HELP.");

    private static long Size(string word, string text) => MemorySize.TryParse(text, out var bytes) && bytes <= ConfigurationParameters.MaxRate ? bytes
        : throw new OrderRefusedException($"{word} must be a memory value between 0 and {ConfigurationParameters.MaxRate} bytes per second, not '{text}'.");

    private static void Write(CommandContext context, QosClassTerms terms)
    {
        context.Reply.Map(4);
        context.Reply.BulkString("class");
        context.Reply.BulkString(terms.Name);
        context.Reply.BulkString("reservation");
        context.Reply.Integer(terms.ReservationBytesPerSecond);
        context.Reply.BulkString("limit");
        context.Reply.Integer(terms.LimitBytesPerSecond);
        context.Reply.BulkString("weight");
        context.Reply.Integer(terms.Weight);
    }

    private static void Write(CommandContext context, SyncPolicy sync)
    {
        context.Reply.Map(4);
        context.Reply.BulkString("class");
        context.Reply.BulkString(sync.Class);
        context.Reply.BulkString("limit");
        context.Reply.Integer(sync.LimitBytesPerSecond);
        context.Reply.BulkString("paused");
        context.Reply.Integer(sync.IsPaused ? 1 : 0);
        context.Reply.BulkString("until");
        context.Reply.Integer(sync.PausedUntil?.ToUnixTimeSeconds() ?? 0);
    }
}
