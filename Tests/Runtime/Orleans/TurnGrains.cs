using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Sluice.Tests.Runtime.Orleans;

/// <summary>Requests that raise <c>key/id/begun</c>, wait for <c>key/id/go</c>, and count how many are between the two.</summary>
[Alias("Test.IGateGrain")]
public interface IGateGrain : IGrainWithStringKey
{
    [Alias("Pass")]
    Task Pass(string id);

    [Alias("PassInterleaving"), AlwaysInterleave]
    Task PassInterleaving(string id);

    [Alias("PassReading"), ReadOnly]
    Task PassReading(string id);

    [Alias("PassWithin"), ResponseTimeout("00:00:00.300")]
    Task PassWithin(string id);

    [Alias("PassUnless")]
    Task PassUnless(string id, CancellationToken cancellationToken);

    [Alias("Tell"), OneWay]
    Task Tell(string id);

    [Alias("StartTimer")]
    Task StartTimer(string id, bool interleave);

    [Alias("Scheduler")]
    Task<bool> ContinuesOnItsScheduler();

    [Alias("Foreign")]
    Task<int> RunForeignTurns(int count);

    [Alias("Leave")]
    Task Leave(string id);

    [Alias("LeaveAmidTicks")]
    Task LeaveAmidTicks(string id);
}

public class GateGrain : Grain, IGateGrain
{
    private IGrainTimer? _timer;

    public Task Pass(string id) => Through(id);

    public Task PassInterleaving(string id) => Through(id);

    public Task PassReading(string id) => Through(id);

    public Task PassWithin(string id) => Through(id);

    public async Task PassUnless(string id, CancellationToken cancellationToken)
    {
        var scheduler = TaskScheduler.Current;
        Signals.Raise(Name(id, "begun"));
        var cancelled = new TaskCompletionSource();
        await using var registration = cancellationToken.Register(() =>
        {
            // As on genuine Orleans, the callback is a turn of the grain.
            if (TaskScheduler.Current == scheduler)
            {
                Signals.Raise(Name(id, "cancelled"));
            }

            cancelled.SetResult();
        });
        await cancelled.Task;
        cancellationToken.ThrowIfCancellationRequested();
    }

    public Task Tell(string id) => Through(id);

    public Task StartTimer(string id, bool interleave)
    {
        _timer = this.RegisterGrainTimer(() => Through(id), new GrainTimerCreationOptions(TimeSpan.Zero, Timeout.InfiniteTimeSpan) { Interleave = interleave });
        return Task.CompletedTask;
    }

    public async Task<bool> ContinuesOnItsScheduler()
    {
        var before = TaskScheduler.Current;
        await Task.Yield();
        var after = TaskScheduler.Current;
        await Task.Run(() => { });
        return before != TaskScheduler.Default && before == after && after == TaskScheduler.Current;
    }

    public async Task<int> RunForeignTurns(int count)
    {
        var scheduler = TaskScheduler.Current;
        var total = 0;
        await Task.Run(() => Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Factory.StartNew(
            async () =>
            {
                // Not atomic: only turns that never overlap add up.
                var seen = total;
                for (var i = 0; i < 50; i++)
                {
                    seen = Volatile.Read(ref seen);
                }

                total = seen + 1;
                await Task.Yield();
            },
            CancellationToken.None,
            TaskCreationOptions.None,
            scheduler).Unwrap())));
        return total;
    }

    public Task Leave(string id)
    {
        DeactivateOnIdle();
        return Through(id);
    }

    public async Task LeaveAmidTicks(string id)
    {
        await StartTimer("tick", interleave: false);
        var later = new TaskCompletionSource();
        var interleaving = new GrainTimerCreationOptions(TimeSpan.FromMilliseconds(50), Timeout.InfiniteTimeSpan) { Interleave = true };
        using (this.RegisterGrainTimer(() => Task.FromResult(later.TrySetResult()), interleaving))
        {
            // The first timer was due before this one: its tick now waits for the end of this request.
            await later.Task;
        }

        await Leave(id);
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _timer?.Dispose();
        Signals.Raise($"{this.GetPrimaryKeyString()}/deactivated/{reason.ReasonCode}");
        return Task.CompletedTask;
    }

    private string Name(string id, string what) => $"{this.GetPrimaryKeyString()}/{id}/{what}";

    private async Task Through(string id)
    {
        Signals.Raise(Name(id, "begun"));
        await Signals.Await(Name(id, "go"));
    }
}

[Alias("Test.IReentrantGrain")]
public interface IReentrantGateGrain : IGateGrain;

[Reentrant]
public sealed class ReentrantGateGrain : GateGrain, IReentrantGateGrain;
