using System.Diagnostics;
using System.Text.Json;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Storage;

namespace Orleans;

/// <summary>Something that runs as turns of an activation: a request, or the tick of a timer.</summary>
internal abstract class GrainWork
{
    /// <summary>Runs beside anything.</summary>
    public virtual bool Interleaves => false;

    /// <summary>Runs beside others that only read.</summary>
    public virtual bool ReadOnly => false;

    /// <summary>Counts as use of the grain.</summary>
    public virtual bool KeepsAlive => true;

    /// <summary>Nobody waits for it any more, and it has not begun.</summary>
    public virtual bool Abandoned => false;

    /// <summary>Begins, in a turn of <paramref name="activation"/>; at its end it calls <see cref="Activation.OnWorkDone"/>.</summary>
    public abstract void Start(Activation activation);

    /// <summary>The activation went away before the work began.</summary>
    public abstract void Orphaned(Silo silo);
}

/// <summary>A call of a grain's method under way: the request and, as a task, its answer.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "The token source has no timer and no handle; the callee may keep its token for as long as it likes.")]
internal abstract class Invocation(GrainId target, GrainMethod method, object?[] arguments) : GrainWork
{
    private CancellationTokenSource? _cancellation;
    private CancellationTokenRegistration _registration;
    private Activation? _receiver;
    private Activity? _activity;

    public GrainId Target { get; } = target;

    public GrainMethod Method { get; } = method;

    public object?[] Arguments { get; } = arguments;

    /// <summary>The W3C trace parent and state, when the caller traces.</summary>
    public string? TraceParent { get; set; }

    public string? TraceState { get; set; }

    public TimeSpan Timeout { get; set; }

    /// <summary>How often the request was sent on to another silo.</summary>
    public int Hops { get; set; }

    /// <summary>The silo that the caller is on, or whose gateway it uses; null for this one.</summary>
    public SiloAddress? Origin { get; set; }

    /// <summary>Cancelled when the caller gives up; aborts a request that was sent to another process.</summary>
    public CancellationToken Abandonment => _cancellation?.Token ?? CancellationToken.None;

    public abstract Task Completion { get; }

    public override bool Interleaves => Method.AlwaysInterleave;

    public override bool ReadOnly => Method.ReadOnly;

    public override bool Abandoned => Completion.IsCompleted;

    // Links of the list of calls that wait for an answer; only PendingCalls touches them.
    public Invocation? Next { get; set; }

    public Invocation? Previous { get; set; }

    public long Deadline { get; set; }

    public int Stripe { get; set; } = -1;

    public PendingCalls? Pending { get; set; }

    public abstract void Fail(Exception exception);

    public abstract void SetResult(JsonElement? result);

    public abstract void WriteResult(Utf8JsonWriter writer);

    public override void Orphaned(Silo silo) => silo.Forward(this);

    /// <summary>Ties the call to the caller's token and gives the callee one of its own, which is cancelled as a turn of the callee.</summary>
    public void TieCancellation()
    {
        if (Method.CancellationIndex is not (>= 0 and var index))
        {
            return;
        }

        var token = (CancellationToken)(Arguments[index] ?? CancellationToken.None);
        _cancellation = new CancellationTokenSource();
        Arguments[index] = _cancellation.Token;
        if (token.CanBeCanceled)
        {
            _registration = token.UnsafeRegister(static (call, t) =>
            {
                var invocation = (Invocation)call!;
                invocation.Fail(new OperationCanceledException(t));
                invocation.CancelCallee();
            }, this);
        }
    }

    /// <summary>Ties a call that came from another process to the connection that its answer goes back on.</summary>
    public void AbortWith(CancellationToken aborted)
    {
        if (Method.CancellationIndex >= 0)
        {
            Arguments[Method.CancellationIndex] = aborted;
            TieCancellation();
        }
        else
        {
            _registration = aborted.UnsafeRegister(static (call, t) => ((Invocation)call!).Fail(new OperationCanceledException(t)), this);
        }
    }

    /// <summary>The caller no longer waits: the callee's token is cancelled.</summary>
    public void CancelCallee()
    {
        if (_cancellation is not { } cancellation)
        {
            return;
        }

        if (Volatile.Read(ref _receiver) is { } receiver)
        {
            receiver.Scheduler.QueueAction(cancellation.Cancel);
        }
        else
        {
            cancellation.Cancel();
        }
    }

    /// <summary>Starts the caller's span, if anyone listens; it ends with the call.</summary>
    public void StartClientSpan()
    {
        var current = Activity.Current;
        _activity = Telemetry.Application.StartActivity(Method.ActivityName, ActivityKind.Client);
        if (_activity is { } activity)
        {
            Telemetry.Describe(activity, this);
            TraceParent = activity.Id;
            TraceState = activity.TraceStateString;
            Activity.Current = current;
        }
    }

    protected Activity? StartServerSpan() => TraceParent is null ? null
        : Telemetry.Describe(Telemetry.Application.StartActivity(Method.ActivityName, ActivityKind.Server, Telemetry.ParentOf(TraceParent, TraceState)), this);

    protected void Receive(Activation activation) => Volatile.Write(ref _receiver, activation);

    protected void End(Exception? error)
    {
        _registration.Dispose();
        Pending?.Remove(this);
        Telemetry.Stop(_activity, error);
    }
}

/// <inheritdoc/>
internal sealed class Invocation<TResult>(GrainId target, GrainMethod<TResult> method, object?[] arguments) : Invocation(target, method, arguments)
{
    private readonly TaskCompletionSource<TResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override Task<TResult> Completion => _completion.Task;

    public override void Start(Activation activation)
    {
        Receive(activation);
        var span = StartServerSpan();
        try
        {
            var running = method.Call(activation.GrainInstance!, Arguments);
            if (running.IsCompletedSuccessfully)
            {
                Succeed(activation, running.Result, span);
            }
            else
            {
                _ = Await(activation, running, span);
            }
        }
        catch (Exception exception)
        {
            Refuse(activation, exception, span);
        }
    }

    public override void Fail(Exception exception)
    {
        if (exception is OperationCanceledException canceled ? _completion.TrySetCanceled(canceled.CancellationToken) : _completion.TrySetException(exception))
        {
            End(exception);
        }
    }

    public override void SetResult(JsonElement? result)
    {
        var value = result is not { } json || typeof(TResult) == typeof(Unit) ? default : json.Deserialize<TResult>(WireFormat.Options);
        if (_completion.TrySetResult(value!))
        {
            End(null);
        }
    }

    public override void WriteResult(Utf8JsonWriter writer)
    {
        if (typeof(TResult) == typeof(Unit))
        {
            writer.WriteNullValue();
        }
        else
        {
            JsonSerializer.Serialize(writer, Completion.Result, WireFormat.Options);
        }
    }

    private async Task Await(Activation activation, ValueTask<TResult> running, Activity? span)
    {
        try
        {
            Succeed(activation, await running, span);
        }
        catch (Exception exception)
        {
            Refuse(activation, exception, span);
        }
    }

    // The copy is made here, in the turn, because the grain may change the object in its next one.
    private void Succeed(Activation activation, TResult result, Activity? span)
    {
        Telemetry.Stop(span, null);
        activation.OnWorkDone(this);
        if (_completion.TrySetResult(result is not null && method.CopyResult is { } copy ? (TResult)copy(result) : result))
        {
            End(null);
        }
    }

    private void Refuse(Activation activation, Exception exception, Activity? span)
    {
        // What the grain has in memory is not what is stored: it must begin anew. Its callers keep theirs.
        if (exception is InconsistentStateException { IsSourceActivation: true } inconsistent)
        {
            inconsistent.IsSourceActivation = false;
            activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationError, exception, exception.Message), CancellationToken.None);
        }

        Telemetry.Stop(span, exception);
        activation.OnWorkDone(this);
        Fail(exception);
    }
}
