using System.Collections.Immutable;

namespace Sluice.Bandwidth;

/// <summary>Changes a <see cref="BandwidthPolicy"/> as operators order it, and refuses what makes no sense. Pure; the version is raised by who keeps the policy.</summary>
public static class PolicyEditing
{
    /// <summary>The largest weight. Within a thousand, integer shares stay exact and a class is still not starved.</summary>
    public const int MaxWeight = 1_000;

    /// <summary>The largest rate, bytes per second: a terabyte, above any interface, and far from where sums would overflow.</summary>
    public const long MaxRate = 1L << 40;

    /// <summary>Changes a row of the class table.</summary>
    /// <exception cref="OrderRefusedException">There is no such class, or a term is outside its range.</exception>
    public static BandwidthPolicy WithClass(this BandwidthPolicy policy, QosClassTerms terms)
    {
        RequireClass(terms.Name);
        RequireRate($"The reservation of class '{terms.Name}'", terms.ReservationBytesPerSecond);
        RequireRate($"The limit of class '{terms.Name}'", terms.LimitBytesPerSecond);
        if (terms.Weight is < 1 or > MaxWeight)
        {
            throw new OrderRefusedException($"The weight of class '{terms.Name}' must be between 1 and {MaxWeight}, not {terms.Weight}.");
        }

        if (terms.LimitBytesPerSecond > 0 && terms.ReservationBytesPerSecond > terms.LimitBytesPerSecond)
        {
            throw new OrderRefusedException($"Class '{terms.Name}' cannot reserve {terms.ReservationBytesPerSecond} bytes per second and be limited to {terms.LimitBytesPerSecond}: the reservation must not be above the limit.");
        }

        var others = policy.Classes.Where(row => row.Name != terms.Name);
        return policy with { Classes = [.. QosClass.Defaults.Contains(terms) ? others : others.Append(terms).OrderBy(row => row.Name, StringComparer.Ordinal)] };
    }

    /// <summary>Gives one sync another class; empty: the one that it was begun with.</summary>
    /// <exception cref="OrderRefusedException">There is no such class.</exception>
    public static BandwidthPolicy WithSyncClass(this BandwidthPolicy policy, ReplicaKey replica, string qosClass)
    {
        if (qosClass.Length > 0)
        {
            RequireClass(qosClass);
        }

        return policy.With(replica, sync => sync with { Class = qosClass });
    }

    /// <summary>Limits one sync, bytes per second; 0: no limit of its own.</summary>
    /// <exception cref="OrderRefusedException">The limit is outside its range.</exception>
    public static BandwidthPolicy WithSyncLimit(this BandwidthPolicy policy, ReplicaKey replica, long bytesPerSecond)
    {
        RequireRate($"The limit of sync {replica}", bytesPerSecond);
        return policy.With(replica, sync => sync with { LimitBytesPerSecond = bytesPerSecond });
    }

    /// <summary>Gives one sync another class and another limit; null: as it is.</summary>
    /// <exception cref="OrderRefusedException">There is no such class, or the limit is outside its range.</exception>
    public static BandwidthPolicy WithSync(this BandwidthPolicy policy, ReplicaKey replica, string? qosClass, long? limitBytesPerSecond)
    {
        var next = qosClass is null ? policy : policy.WithSyncClass(replica, qosClass);
        return limitBytesPerSecond is { } limit ? next.WithSyncLimit(replica, limit) : next;
    }

    /// <summary>Pauses one sync until a time; null: until it is resumed.</summary>
    /// <exception cref="OrderRefusedException">The time has passed.</exception>
    public static BandwidthPolicy WithPause(this BandwidthPolicy policy, ReplicaKey replica, DateTimeOffset? until, DateTimeOffset now)
    {
        RequireFuture(until, now);
        return policy.With(replica, sync => sync with { IsPaused = true, PausedUntil = until });
    }

    /// <summary>Ends the pause of one sync.</summary>
    public static BandwidthPolicy WithResumed(this BandwidthPolicy policy, ReplicaKey replica) => policy.With(replica, sync => sync with { IsPaused = false, PausedUntil = null });

    /// <summary>Pauses all syncs until a time; null: until they are resumed.</summary>
    /// <exception cref="OrderRefusedException">The time has passed.</exception>
    public static BandwidthPolicy WithPauseOfAll(this BandwidthPolicy policy, DateTimeOffset? until, DateTimeOffset now)
    {
        RequireFuture(until, now);
        return policy with { IsPaused = true, PausedUntil = until };
    }

    /// <summary>Ends the pause of all.</summary>
    public static BandwidthPolicy WithAllResumed(this BandwidthPolicy policy) => policy with { IsPaused = false, PausedUntil = null };

    /// <summary>Drops pauses that have ended, and orders that say nothing any more.</summary>
    public static BandwidthPolicy Swept(this BandwidthPolicy policy, DateTimeOffset now)
    {
        var all = policy.PausedUntil <= now ? policy.WithAllResumed() : policy;
        foreach (var over in all.Syncs.Where(sync => sync.PausedUntil <= now))
        {
            all = all.WithResumed(over.Replica);
        }

        return all;
    }

    private static BandwidthPolicy With(this BandwidthPolicy policy, ReplicaKey replica, Func<SyncPolicy, SyncPolicy> change)
    {
        var next = change(policy.Find(replica) ?? new SyncPolicy { Replica = replica });
        var others = policy.Syncs.Where(sync => sync.Replica != replica);
        var says = next != new SyncPolicy { Replica = replica };
        return policy with
        {
            Syncs = [.. (says ? others.Append(next) : others).OrderBy(sync => sync.Replica.Node, StringComparer.Ordinal).ThenBy(sync => sync.Replica.Shard)],
        };
    }

    private static void RequireClass(string name)
    {
        if (!QosClass.Defaults.Any(terms => terms.Name == name))
        {
            throw new OrderRefusedException($"There is no QoS class '{name}'; there are {string.Join(", ", QosClass.Defaults.Select(terms => terms.Name))}.");
        }
    }

    private static void RequireRate(string what, long bytesPerSecond)
    {
        if (bytesPerSecond is < 0 or > MaxRate)
        {
            throw new OrderRefusedException($"{what} must be between 0 (none) and {MaxRate} bytes per second, not {bytesPerSecond}.");
        }
    }

    private static void RequireFuture(DateTimeOffset? until, DateTimeOffset now)
    {
        if (until <= now)
        {
            throw new OrderRefusedException($"A pause until {until:u} has no effect: it is {now:u} already.");
        }
    }
}
