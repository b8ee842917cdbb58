using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>The runtime's side of one activation.</summary>
public interface IGrainContext : IEquatable<IGrainContext>
{
    GrainId GrainId { get; }
    GrainReference GrainReference { get; }
    object? GrainInstance { get; }
    ActivationId ActivationId { get; }
    GrainAddress Address { get; }
    IServiceProvider ActivationServices { get; }
    Task Deactivated { get; }
    IWorkItemScheduler Scheduler { get; }
    void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);
}

/// <summary>Queues work as turns of a grain.</summary>
public interface IWorkItemScheduler
{
    void QueueAction(Action action);
    void QueueTask(Task task);
}

/// <summary>A timer of a grain; disposing it stops it.</summary>
public interface IGrainTimer : IDisposable
{
    void Change(TimeSpan dueTime, TimeSpan period);
}

/// <summary>How a grain timer ticks.</summary>
public readonly struct GrainTimerCreationOptions
{
    public GrainTimerCreationOptions()
    {
    }

    [SetsRequiredMembers]
    public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
    {
        DueTime = dueTime;
        Period = period;
    }

    public required TimeSpan DueTime { get; init; }
    public required TimeSpan Period { get; init; }
    public bool Interleave { get; init; }
    public bool KeepAlive { get; init; }
}
