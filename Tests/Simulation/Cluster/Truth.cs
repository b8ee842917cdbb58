namespace Sluice.Tests.Simulation.Cluster;

/// <summary>How a reign began; it decides which acknowledged writes may be missing from its history.</summary>
internal enum ReignKind
{
    /// <summary>The first one, or the same primary after its machine had lost power: what was acknowledged before it was durable may be gone, where the fsync policy allows that.</summary>
    Opened,

    /// <summary>A planned change of primary: nothing that was acknowledged may be missing.</summary>
    Planned,

    /// <summary>A promotion that an operator forced: what the promoted replica had not acknowledged may be missing.</summary>
    Forced,
}

/// <summary>An invariant of design.md, section 4, does not hold.</summary>
internal sealed record Violation(string Invariant, string What);

/// <summary>
/// Knows everything: what each primary wrote in each epoch, what clients were told, what replicas promised. Compares what happens with the invariants of design.md, section 4, at every step that could break one.
/// </summary>
internal sealed class Truth(World world)
{
    private readonly Dictionary<(long Epoch, long Last), ulong> written = [];
    private readonly Dictionary<long, string> writers = [];
    private readonly Dictionary<string, long> learned = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Promise> promises = new(StringComparer.Ordinal);
    private readonly List<Acknowledged> acknowledged = [];
    private readonly Dictionary<long, ReignKind> kinds = [];
    private CopyTruth? copies;
    private readonly Dictionary<ulong, ulong> before = [];
    private readonly Dictionary<string, List<Promise>> promised = new(StringComparer.Ordinal);
    private readonly Dictionary<long, long> begins = [];

    /// <summary>The part about full copies and spools.</summary>
    public CopyTruth Copies => copies ??= new CopyTruth(this);

    /// <summary>The first violation; the rest would only be its consequences.</summary>
    public Violation? Violation { get; private set; }

    /// <summary>A bit of some disk has flipped: what was acknowledged may have to be sent again.</summary>
    public bool HadDamage { get; set; }

    /// <summary>Nothing fails any more.</summary>
    public bool IsHealed { get; set; }

    public int Acknowledgements { get; private set; }

    public int Lost { get; private set; }

    public long HighestEpoch { get; private set; }

    public void Violated(string invariant, string what)
    {
        if (Violation is null)
        {
            Violation = new Violation(invariant, what);
            world.Say("!!!", $"{invariant}: {what}");
        }
    }

    /// <summary>A node has been told of an epoch: from now on it must not write in an earlier one.</summary>
    public void Learned(string node, long epoch) => learned[node] = Math.Max(epoch, learned.GetValueOrDefault(node));

    /// <summary>A primary has written a record.</summary>
    public void Wrote(string node, Database database)
    {
        var record = database.Records[^1];
        if (!writers.TryAdd(record.Epoch, node) && writers[record.Epoch] != node)
        {
            Violated("one-primary", $"{node} writes {record.Sequence} in epoch {record.Epoch}, whose primary is {writers[record.Epoch]}");
        }

        if (learned.GetValueOrDefault(node) > record.Epoch)
        {
            Violated("one-primary", $"{node} writes {record.Sequence} in epoch {record.Epoch} although it has learned of epoch {learned[node]}");
        }

        HighestEpoch = Math.Max(HighestEpoch, record.Epoch);
        written[(record.Epoch, record.Last)] = database.LatestChain;
        before[database.LatestChain] = database.Records.Count > 1 ? database.ChainAt(database.Records[^2].Last)!.Value : Database.NoHistory;
    }

    /// <summary>The topology has given an epoch to a node.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="kind">How it came to that.</param>
    /// <param name="whyNot">Why the node must not have been promoted; empty: it may be.</param>
    public void Promoted(long epoch, ReignKind kind, string whyNot)
    {
        kinds[epoch] = kind;
        if (whyNot.Length > 0)
        {
            Violated("whole-or-old", $"epoch {epoch} was given to a replica that must not be promoted: {whyNot}");
        }
    }

    /// <summary>A primary's client has been told that its write is done.</summary>
    /// <param name="node">The primary.</param>
    /// <param name="record">What it wrote.</param>
    /// <param name="chain">What stands there and before it.</param>
    /// <param name="durable">Whether the fsync policy promises that the loss of power does not take it.</param>
    public void AcknowledgedWrite(string node, Record record, ulong chain, bool durable)
    {
        Acknowledgements++;
        if (record.Epoch == HighestEpoch)
        {
            acknowledged.Add(new Acknowledged(node, record, chain, durable));
        }
        else if (kinds.GetValueOrDefault(record.Epoch + 1) == ReignKind.Planned && !IsBefore(chain, written.GetValueOrDefault((HighestEpoch, begins[HighestEpoch]))))
        {
            Violated("no-acked-loss", $"{node} acknowledges {record.Sequence} of epoch {record.Epoch}, which the planned change to epoch {record.Epoch + 1} has left out");
        }
    }

    /// <summary>A replica's database has changed: it must be the history of a primary up to somewhere.</summary>
    public void Holds(string node, Database database)
    {
        if (database.Records.Count > 0 && written.GetValueOrDefault((database.LatestEpoch, database.LatestSequence)) != database.LatestChain)
        {
            Violated("prefix", $"{node} stands at ({database.LatestEpoch}, {database.LatestSequence}) and holds something else than that epoch's primary wrote");
        }
    }

    /// <summary>A replica has acknowledged that it has a sequence in its database.</summary>
    public void Promised(string node, Database database, long sequence)
    {
        if (database.ChainAt(sequence) is not { } chain || database.DurableSequence < sequence)
        {
            Violated("durable-ack", $"{node} acknowledges {sequence}, stands at {database.LatestSequence} and is durable up to {database.DurableSequence}");
            return;
        }

        if (!promised.TryGetValue(node, out var all))
        {
            promised[node] = all = [];
        }

        all.Add(new Promise(sequence, chain));
        if (promises.GetValueOrDefault(node) is not { } promise || promise.Sequence < sequence || promise.Chain != database.ChainAt(promise.Sequence))
        {
            promises[node] = new Promise(sequence, chain);
        }
    }

    /// <summary>A primary says to WAIT that so many replicas have made a sequence durable.</summary>
    public void CountsForWait(string primary, Database database, long sequence, int count)
    {
        var have = promised.Values.Count(all => all.Exists(promise => promise.Sequence >= sequence && database.ChainAt(promise.Sequence) == promise.Chain));
        if (have < count)
        {
            Violated("durable-ack", $"{primary} says that {count} replicas have made {sequence} durable, and only {have} ever had it in their database for sure");
        }
    }

    /// <summary>A node has opened its database again after a crash: what it promised must be there.</summary>
    public void Reopened(string node, Database database)
    {
        Holds(node, database);
        if (promises.GetValueOrDefault(node) is { } promise && database.ChainAt(promise.Sequence) != promise.Chain)
        {
            Violated("durable-ack", $"{node} had acknowledged {promise.Sequence} and stands at {database.LatestSequence} after its crash");
        }
    }

    /// <summary>A copy has replaced a node's data: what it promised before went with the old data.</summary>
    public void Replaced(string node, Database database)
    {
        Holds(node, database);
        promises.Remove(node);
    }

    /// <summary>A node holds nothing of the shard any more, by order.</summary>
    public void Removed(string node)
    {
        promises.Remove(node);
        Copies.Discarded(node);
        Copies.SpoolGone(node);
    }

    /// <summary>A new reign begins with what its primary holds; its epoch record is the newest there.</summary>
    public void Reigns(string node, long epoch, Database database)
    {
        var kind = kinds.GetValueOrDefault(epoch);
        begins[epoch] = database.LatestSequence;
        if (begins.Keys.Max() > epoch)
        {
            // Over before it began: the topology has gone on without it.
            return;
        }

        foreach (var write in acknowledged.Where(write => database.ChainAt(write.Record.Last) != write.Chain).ToList())
        {
            acknowledged.Remove(write);
            Lost++;
            var what = $"{write.Node} acknowledged {write.Record.Sequence} in epoch {write.Record.Epoch}; the {kind} reign {epoch} of {node} begins at {database.LatestSequence} without it";
            if (kind == ReignKind.Planned || (kind == ReignKind.Opened && write.Durable))
            {
                Violated("no-acked-loss", what);
            }
            else if (kind == ReignKind.Forced && promises.GetValueOrDefault(node) is { } promise && IsBefore(write.Chain, promise.Chain))
            {
                Violated("no-acked-loss", what + $", and {node} had acknowledged {promise.Sequence}");
            }
        }
    }

    /// <summary>All is quiet: all replicas hold what the primary holds, and it holds all that was acknowledged and not lost by right.</summary>
    public void Equal(Database primary, IEnumerable<(string Node, Database Database)> replicas)
    {
        foreach (var (node, database) in replicas)
        {
            if (database.LatestChain != primary.LatestChain)
            {
                Violated("prefix", $"{node} stands at ({database.LatestEpoch}, {database.LatestSequence}) and differs from the primary at ({primary.LatestEpoch}, {primary.LatestSequence})");
            }
        }

        if (acknowledged.Find(write => primary.ChainAt(write.Record.Last) != write.Chain) is { } missing)
        {
            Violated("no-acked-loss", $"{missing.Record.Sequence} of epoch {missing.Record.Epoch}, which {missing.Node} had acknowledged, is not there at the end");
        }
    }

    // Whether a state of the log is the other one, or one that it came from.
    private bool IsBefore(ulong chain, ulong later)
    {
        for (var at = later; at != Database.NoHistory && at != 0; at = before.GetValueOrDefault(at))
        {
            if (at == chain)
            {
                return true;
            }
        }

        return false;
    }

    private sealed record Acknowledged(string Node, Record Record, ulong Chain, bool Durable);

    private sealed record Promise(long Sequence, ulong Chain);
}
