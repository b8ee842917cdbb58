using System.Diagnostics;

namespace Sluice.Sync;

/// <summary>The trace of each full copy: a span for the whole, and one for each state within it.</summary>
internal sealed class SyncSpans(ReplicaKey replica) : IDisposable
{
    private Activity? copy;
    private Activity? state;
    private SyncState entered;

    /// <summary>The span that what is done now belongs to; null when there is none.</summary>
    public Activity? Current => state ?? copy;

    /// <summary>A state is told.</summary>
    /// <param name="next">The state.</param>
    /// <param name="source">The node that is copied from.</param>
    /// <param name="copies">A full copy is under way.</param>
    public void Tell(SyncState next, string source, bool copies)
    {
        if (!copies)
        {
            Dispose();
            return;
        }

        if (copy is null)
        {
            // A trace of its own: the order that began it has long been answered.
            Activity.Current = null;
            copy = SluiceTelemetry.Source.StartActivity(SluiceTelemetry.SyncSpan, ActivityKind.Consumer);
            copy?.SetTag("sluice.shard", replica.Shard).SetTag("sluice.node", replica.Node).SetTag("sluice.source", source);
        }

        if (copy is not null && (state is null || next != entered))
        {
            state?.Dispose();
            Activity.Current = copy;
            state = SluiceTelemetry.StartState(replica, next);
            entered = next;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        state?.Dispose();
        copy?.Dispose();
        (state, copy) = (null, null);
    }
}
