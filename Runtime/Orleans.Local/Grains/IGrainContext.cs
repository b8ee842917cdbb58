using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>The runtime's side of one activation.</summary>
public interface IGrainContext : IEquatable<IGrainContext>
{
    /// <summary>The grain.</summary>
    GrainId GrainId { get; }

    /// <summary>A reference to the grain.</summary>
    GrainReference GrainReference { get; }

    /// <summary>The grain's object; null until it is constructed.</summary>
    object? GrainInstance { get; }

    /// <summary>This life of the grain.</summary>
    ActivationId ActivationId { get; }

    /// <summary>Where it is.</summary>
    GrainAddress Address { get; }

    /// <summary>The services of this activation, which live as long as it does.</summary>
    IServiceProvider ActivationServices { get; }

    /// <summary>Completes when the activation is gone.</summary>
    Task Deactivated { get; }

    /// <summary>Queues work as turns of the grain.</summary>
    IWorkItemScheduler Scheduler { get; }

    /// <summary>Deactivates the activation once its running requests have ended.</summary>
    void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);
}

/// <summary>Queues work as turns of a grain.</summary>
public interface IWorkItemScheduler
{
    /// <summary>Queues a call.</summary>
    void QueueAction(Action action);

    /// <summary>Queues a task that was not started.</summary>
    void QueueTask(Task task);
}

/// <summary>Gives the context of the activation whose turn this is.</summary>
public interface IGrainContextAccessor
{
    /// <summary>The context; null outside grains.</summary>
    IGrainContext GrainContext { get; }
}

/// <summary>A timer of a grain; disposing it stops it.</summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Sets when the timer ticks next, and how long after the end of each tick the next follows.</summary>
    void Change(TimeSpan dueTime, TimeSpan period);
}

/// <summary>How a grain timer ticks.</summary>
public readonly struct GrainTimerCreationOptions
{
    /// <summary>To be filled by an initializer.</summary>
    public GrainTimerCreationOptions()
    {
    }

    /// <summary>With the two times.</summary>
    [SetsRequiredMembers]
    public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
    {
        DueTime = dueTime;
        Period = period;
    }

    /// <summary>From registration to the first tick; <see cref="Timeout.InfiniteTimeSpan"/> for never.</summary>
    public required TimeSpan DueTime { get; init; }

    /// <summary>From the end of a tick to the next; <see cref="Timeout.InfiniteTimeSpan"/> for once only.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>Whether ticks interleave with requests and other ticks of the grain.</summary>
    public bool Interleave { get; init; }

    /// <summary>Whether a tick counts as use, so that the grain is not collected.</summary>
    public bool KeepAlive { get; init; }
}
