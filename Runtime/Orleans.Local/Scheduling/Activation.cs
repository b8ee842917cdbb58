using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans;

/// <summary>
/// One life of a grain in memory. It admits work under the rules of reentrancy, runs it as turns of its scheduler, and goes through
/// its states in one direction only:
/// <code>
/// Activating --OnActivateAsync--> Valid --Deactivate, then the end of running work--> Deactivating --OnDeactivateAsync--> Invalid
/// </code>
/// Work is admitted only while Valid. What waits when the activation ends is sent on to the grain's next one; when
/// OnActivateAsync fails, it fails with that error.
/// </summary>
internal sealed class Activation : IGrainContext
{
    private readonly List<GrainWork> _waiting = [];
    private readonly HashSet<GrainTimer> _timers = [];
    private readonly List<IStateLoader> _states = [];
    private readonly TaskCompletionSource _deactivated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private AsyncServiceScope? _services;
    private Phase _phase = Phase.Activating;
    private DeactivationReason _reason;
    private bool _asked;
    private int _running;
    private int _readers;
    private int _interleaving;
    private long _lastUse;

    public Activation(Silo silo, GrainClass grainClass, GrainAddress address)
    {
        Silo = silo;
        Class = grainClass;
        Address = address;
        Scheduler = new ActivationTaskScheduler(this);
        _lastUse = silo.Time.GetTimestamp();
    }

    private enum Phase
    {
        Activating,
        Valid,
        Deactivating,
        Invalid,
    }

    public Silo Silo { get; }

    public GrainClass Class { get; }

    public GrainAddress Address { get; }

    public GrainId GrainId => Address.GrainId;

    public ActivationId ActivationId => Address.ActivationId;

    public object? GrainInstance { get; private set; }

    public IServiceProvider ActivationServices => _services?.ServiceProvider ?? Silo.Services;

    public Task Deactivated => _deactivated.Task;

    public ActivationTaskScheduler Scheduler { get; }

    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    public override string ToString() => Address.ToString();

    /// <summary>Constructs the grain, reads its state, calls OnActivateAsync, and then admits work.</summary>
    public void Activate() => Scheduler.QueueTurn(static self => _ = ((Activation)self!).ActivateAsync(), this);

    /// <summary>Takes work to run or to wait; false when the activation is gone and the grain must be found anew.</summary>
    public bool TryReceive(GrainWork work)
    {
        lock (_lock)
        {
            switch (_phase)
            {
                case Phase.Invalid:
                    return false;
                case Phase.Valid when !_asked && _waiting.Count == 0 && MayRun(work):
                    Begin(work);
                    return true;
                default:
                    _waiting.Add(work);
                    if (_phase == Phase.Valid)
                    {
                        BeginWaiting();
                    }

                    return true;
            }
        }
    }

    /// <summary>Work has ended; what waited for it may begin.</summary>
    public void OnWorkDone(GrainWork work)
    {
        lock (_lock)
        {
            _running--;
            _readers -= work.ReadOnly && !work.Interleaves ? 1 : 0;
            _interleaving -= work.Interleaves ? 1 : 0;
            Touch(work);
            if (_asked && _running == 0)
            {
                BeginDeactivation();
            }
            else
            {
                BeginWaiting();
            }
        }
    }

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (_asked)
            {
                return;
            }

            _asked = true;
            _reason = deactivationReason;
            if (_phase == Phase.Valid && _running == 0)
            {
                BeginDeactivation();
            }
        }
    }

    /// <summary>Ends without OnDeactivateAsync; what waits is never answered.</summary>
    public void Abandon()
    {
        lock (_lock)
        {
            _phase = Phase.Invalid;
            _waiting.Clear();
        }

        StopTimers();
        _deactivated.TrySetResult();
    }

    /// <summary>Deactivates the grain if it was not used for its collection age.</summary>
    public void Collect(TimeSpan defaultAge)
    {
        lock (_lock)
        {
            var age = Class.CollectionAge ?? defaultAge;
            var idle = Silo.Time.GetElapsedTime(_lastUse);
            if (_phase == Phase.Valid && _running == 0 && _waiting.Count == 0 && age != Timeout.InfiniteTimeSpan && idle >= age)
            {
                Deactivate(new DeactivationReason(DeactivationReasonCode.ActivationIdle, $"The grain was idle for {idle}"));
            }
        }
    }

    public IGrainTimer RegisterTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        if (!ReferenceEquals(RuntimeContext.Current, this))
        {
            throw new InvalidOperationException($"A timer of grain {GrainId} was registered outside the grain's own turns: do not register it after ConfigureAwait(false) or inside Task.Run.");
        }

        var timer = new GrainTimer(this, Silo.Time, callback, options);
        lock (_lock)
        {
            _timers.Add(timer);
        }

        return timer;
    }

    public void Forget(GrainTimer timer)
    {
        lock (_lock)
        {
            _timers.Remove(timer);
        }
    }

    /// <summary>State that is read before OnActivateAsync.</summary>
    public void LoadBeforeActivation(IStateLoader state) => _states.Add(state);

    private bool MayRun(GrainWork work)
    {
        // Interleaving work neither waits for others nor makes them wait.
        var blocking = _running - _interleaving;
        return work.Interleaves || Class.Reentrant || blocking == 0 || (work.ReadOnly && blocking == _readers);
    }

    private void Begin(GrainWork work)
    {
        _running++;
        _readers += work.ReadOnly && !work.Interleaves ? 1 : 0;
        _interleaving += work.Interleaves ? 1 : 0;
        Touch(work);
        Scheduler.QueueTurn(static state =>
        {
            var (activation, work) = ((Activation, GrainWork))state!;
            work.Start(activation);
        }, (this, work));
    }

    // In order, but what may run beside the running work overtakes what may not.
    private void BeginWaiting()
    {
        for (var i = 0; !_asked && i < _waiting.Count;)
        {
            var work = _waiting[i];
            if (work.Abandoned)
            {
                _waiting.RemoveAt(i);
            }
            else if (MayRun(work))
            {
                _waiting.RemoveAt(i);
                Begin(work);
            }
            else
            {
                i++;
            }
        }
    }

    private void Touch(GrainWork work)
    {
        if (work.KeepsAlive)
        {
            _lastUse = Silo.Time.GetTimestamp();
        }
    }

    private async Task ActivateAsync()
    {
        try
        {
            using var timeout = new CancellationTokenSource(Silo.Collection.ActivationTimeout, Silo.Time);
            _services = Silo.Services.CreateAsyncScope();
            GrainInstance = Silo.Activator.Create(this);
            foreach (var state in _states)
            {
                await state.LoadAsync(timeout.Token);
            }

            await ((IGrainBase)GrainInstance).OnActivateAsync(timeout.Token);
        }
        catch (Exception exception)
        {
            Silo.Log.ActivationFailed(GrainId, exception);
            await EndAsync(exception);
            return;
        }

        lock (_lock)
        {
            if (_phase == Phase.Invalid)
            {
                return;
            }

            _phase = Phase.Valid;
            if (_asked)
            {
                BeginDeactivation();
            }
            else
            {
                BeginWaiting();
            }
        }
    }

    private void BeginDeactivation()
    {
        _phase = Phase.Deactivating;
        Scheduler.QueueTurn(static self => _ = ((Activation)self!).DeactivateAsync(), this);
    }

    private async Task DeactivateAsync()
    {
        StopTimers();
        try
        {
            using var timeout = new CancellationTokenSource(Silo.Collection.DeactivationTimeout, Silo.Time);
            await ((IGrainBase)GrainInstance!).OnDeactivateAsync(_reason, timeout.Token).WaitAsync(timeout.Token);
        }
        catch (Exception exception)
        {
            Silo.Log.DeactivationFailed(GrainId, exception);
        }

        await EndAsync(null);
    }

    private async Task EndAsync(Exception? failure)
    {
        StopTimers();

        // First out of the directory, so that what is sent on finds the next activation and not this one.
        await Silo.RemoveAsync(this);
        List<GrainWork> left;
        lock (_lock)
        {
            _phase = Phase.Invalid;
            left = [.. _waiting];
            _waiting.Clear();
        }

        foreach (var work in left)
        {
            if (failure is not null && work is Invocation call)
            {
                call.Fail(failure);
            }
            else
            {
                work.Orphaned(Silo);
            }
        }

        await DisposeInstanceAsync();
        _deactivated.TrySetResult();
    }

    private async Task DisposeInstanceAsync()
    {
        try
        {
            switch (GrainInstance)
            {
                case IAsyncDisposable disposable:
                    await disposable.DisposeAsync();
                    break;
                case IDisposable disposable:
                    disposable.Dispose();
                    break;
            }

            if (_services is { } services)
            {
                await services.DisposeAsync();
            }
        }
        catch (Exception exception)
        {
            Silo.Log.DeactivationFailed(GrainId, exception);
        }
    }

    private void StopTimers()
    {
        GrainTimer[] timers;
        lock (_lock)
        {
            timers = [.. _timers];
        }

        foreach (var timer in timers)
        {
            timer.Dispose();
        }
    }
}

/// <summary>State that its activation reads before it is used.</summary>
internal interface IStateLoader
{
    Task LoadAsync(CancellationToken cancellationToken);
}
