using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Orleans;

/// <summary>A timer of a grain. A tick is a piece of work like a request: it waits its turn, and the next is counted from its end.</summary>
internal sealed class GrainTimer : IGrainTimer
{
    private readonly CancellationTokenSource _stopped = new();
    private readonly CancellationToken _stop;
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly ITimer _timer;
    private readonly Tick _tick;
    private readonly Lock _lock = new();
    private readonly TimeSpan _period;
    private bool _ticking;
    private int _disposed;

    public GrainTimer(Activation activation, TimeProvider time, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        _activation = activation;
        _callback = callback;
        _stop = _stopped.Token;
        _tick = new Tick(this, options);
        ArgumentOutOfRangeException.ThrowIfLessThan((long)options.DueTime.TotalMilliseconds, -1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan((long)options.Period.TotalMilliseconds, -1, nameof(options));
        _period = options.Period;
        if (ExecutionContext.IsFlowSuppressed())
        {
            _timer = Create(time);
        }
        else
        {
            using (ExecutionContext.SuppressFlow())
            {
                _timer = Create(time);
            }
        }

        _timer.Change(options.DueTime, Timeout.InfiniteTimeSpan);
    }

    // Its grain, the end of the activation and a tick that waited until then may each dispose of it.
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _activation.Forget(this);
        _timer.Dispose();
        _stopped.Cancel();
        _stopped.Dispose();
    }

    private ITimer Create(TimeProvider time) =>
        time.CreateTimer(static self => ((GrainTimer)self!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    private void Fire()
    {
        lock (_lock)
        {
            if (_ticking)
            {
                return;
            }

            _ticking = true;
        }

        _activation.TryReceive(_tick);
    }

    private async Task RunAsync()
    {
        try
        {
            if (!_stop.IsCancellationRequested)
            {
                await _callback(_stop);
            }
        }
        catch (Exception exception)
        {
            _activation.Silo.Log.TimerFailed(_activation.GrainId, exception);
        }
        finally
        {
            _activation.OnWorkDone(_tick);
            Rearm();
        }
    }

    private void Rearm()
    {
        lock (_lock)
        {
            _ticking = false;
            if (!_stop.IsCancellationRequested)
            {
                _timer.Change(_period, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private sealed class Tick(GrainTimer timer, GrainTimerCreationOptions options) : GrainWork
    {
        public override bool Interleaves => options.Interleave;

        public override bool KeepsAlive => options.KeepAlive;

        public override bool Abandoned => timer._stop.IsCancellationRequested;

        public override void Start(Activation activation) => _ = timer.RunAsync();

        // A timer belongs to its activation and ends with it.
        public override void Orphaned(Silo silo) => timer.Dispose();
    }
}
