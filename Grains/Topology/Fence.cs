namespace Sluice.Topology;

/// <summary>
/// Decides whether a replica may accept writes. Only in the epoch that a confirmed topology gave it, only after that epoch's record is durable in its log, and never again once it
/// has heard of a higher epoch, by whatever way: the topology, a replica that follows somebody else by now, a gateway. Pure; one for each replica and life of its node, so that
/// nothing is accepted on what an earlier life remembered.
/// </summary>
public sealed class Fence
{
    private long begun;

    /// <summary>The epoch of the newest assignment; 0: none yet.</summary>
    public long Epoch { get; private set; }

    /// <summary>The role in that epoch.</summary>
    public ReplicaRole Role { get; private set; }

    /// <summary>The highest epoch that this replica has heard of.</summary>
    public long Heard { get; private set; }

    /// <summary>Writes are accepted.</summary>
    public bool MayWrite => Role == ReplicaRole.Primary && begun == Epoch && Heard <= Epoch;

    /// <summary>It was the primary as far as it knows, and has heard that it is not any more.</summary>
    public bool IsFenced => Role == ReplicaRole.Primary && Heard > Epoch;

    /// <summary>The topology says what this replica is.</summary>
    /// <returns>False when it says so of a finished epoch: nothing changes.</returns>
    public bool Assign(ReplicaRole role, long epoch)
    {
        if (epoch < Epoch || epoch < Heard)
        {
            return false;
        }

        Epoch = epoch;
        Heard = epoch;
        Role = role;
        return true;
    }

    /// <summary>The record of an epoch was written by this life of the node, and is durable.</summary>
    public void Begin(long epoch) => begun = epoch;

    /// <summary>Somebody knows of an epoch.</summary>
    /// <returns>True when it ends a reign that was under way.</returns>
    public bool Hear(long epoch)
    {
        var was = MayWrite;
        Heard = Math.Max(Heard, epoch);
        return was && !MayWrite;
    }
}
