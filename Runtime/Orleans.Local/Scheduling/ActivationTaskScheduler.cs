using Orleans.Runtime;

namespace Orleans;

/// <summary>
/// Runs the turns of one activation one after the other on the thread pool. Everything that an activation does is a task of this
/// scheduler: the beginning of each request, and each continuation after an await, which captures it as
/// <see cref="TaskScheduler.Current"/>. Tasks that others start on it run as turns of the grain, too.
/// </summary>
internal sealed class ActivationTaskScheduler(IGrainContext context) : TaskScheduler, IThreadPoolWorkItem
{
    // After so many turns in a row the thread is given back, so that a busy grain does not starve others.
    private const int TurnsInARow = 64;
    private static readonly ExecutionContext CleanContext = CaptureClean();
    private readonly Queue<Task> _turns = new();
    private bool _scheduled;

    public override int MaximumConcurrencyLevel => 1;

    public void Execute()
    {
        RuntimeContext.Current = context;
        try
        {
            for (var turn = 0; turn < TurnsInARow; turn++)
            {
                Task? next;
                lock (_turns)
                {
                    if (!_turns.TryDequeue(out next))
                    {
                        _scheduled = false;
                        return;
                    }
                }

                TryExecuteTask(next);

                // What a turn put into async locals is its own.
                ExecutionContext.Restore(CleanContext);
            }
        }
        finally
        {
            RuntimeContext.Current = null;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    public void QueueAction(Action action) => QueueTurn(static state => ((Action)state!)(), action);

    /// <summary>Queues a turn that inherits nothing from whoever queues it.</summary>
    public void QueueTurn(Action<object?> turn, object state)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            new Task(turn, state).Start(this);
            return;
        }

        using (ExecutionContext.SuppressFlow())
        {
            new Task(turn, state).Start(this);
        }
    }

    protected override void QueueTask(Task task)
    {
        lock (_turns)
        {
            _turns.Enqueue(task);
            if (_scheduled)
            {
                return;
            }

            _scheduled = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && ReferenceEquals(RuntimeContext.Current, context) && ReferenceEquals(Current, this) && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_turns)
        {
            return [.. _turns];
        }
    }

    // A new thread has no async locals.
    private static ExecutionContext CaptureClean()
    {
        ExecutionContext? clean = null;
        var thread = new Thread(() => clean = ExecutionContext.Capture());
        thread.UnsafeStart();
        thread.Join();
        return clean!;
    }
}
