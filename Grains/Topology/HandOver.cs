using Orleans.Runtime;

namespace Sluice.Topology;

/// <summary>
/// Carries out what <see cref="FailoverMachine"/> decides for one shard, in the turns of the primary's ShardGrain, which has paused its writes and lets them go on when this has ended.
/// </summary>
/// <param name="key">The primary.</param>
/// <param name="order">What was ordered.</param>
/// <param name="wanted">Where the primary stands.</param>
/// <param name="grains">For calls.</param>
/// <param name="time">The clock.</param>
internal sealed class HandOver(ReplicaKey key, HandOverOrder order, LogPosition wanted, IGrainFactory grains, TimeProvider time)
{
    // How long one question to the target may wait for its progress: an order to abort is heeded between two.
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(250);

    // More than a call takes between nodes that are well, so that a slow one is not taken for one that failed.
    private static readonly TimeSpan AnswerBound = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);

    private readonly FailoverMachine machine = new(order.Target, wanted, order.Bound, order.Force);
    private readonly long began = time.GetTimestamp();
    private bool aborted;

    /// <summary>How it stands.</summary>
    public HandOverStatus Status => new() { Phase = machine.Phase, Succeeded = machine.Succeeded, Reason = machine.Reason };

    /// <summary>What was ordered.</summary>
    public HandOverOrder Order => order;

    private TimeSpan Elapsed => time.GetElapsedTime(began);

    /// <summary>Gives up, if it is not too late.</summary>
    public void Abort() => aborted = true;

    /// <summary>Runs to the end. Failures of the target and the topology are steps of the machine.</summary>
    public async Task RunAsync()
    {
        while (machine.Next != FailoverStep.End)
        {
            var input = machine.Next switch
            {
                FailoverStep.AskTarget => await AskTargetAsync(),
                FailoverStep.Promote => await PromoteAsync(),
                _ => await KeepReignAsync(),
            };
            machine.Step(input, Elapsed);
            if (aborted)
            {
                machine.Step(new AbortOrdered(), Elapsed);
            }
        }
    }

    private async Task<FailoverInput> AskTargetAsync()
    {
        try
        {
            var left = order.Bound - Elapsed;
            var target = grains.GetGrain<IShardGrain>(new ReplicaKey(key.Shard, order.Target).ToString());
            return new TargetAt(await target.ReachPosition(wanted, left < Slice ? left : Slice).WaitAsync(left < AnswerBound ? left + Slice : AnswerBound, time));
        }
        catch (Exception error) when (IsNoAnswer(error))
        {
            await Task.Delay(AskAgain, time);
            return new TargetFailed(error.Message);
        }
    }

    private async Task<FailoverInput> PromoteAsync()
    {
        try
        {
            await Topology().Promote(key.Shard, order.Target, order.Epoch).WaitAsync(AnswerBound, time);
            return new Promoted();
        }
        catch (OrderRefusedException refusal)
        {
            return new PromotionRefused(refusal.Message);
        }
        catch (Exception error) when (IsNoAnswer(error))
        {
            return new NoAnswer(error.Message);
        }
    }

    private async Task<FailoverInput> KeepReignAsync()
    {
        try
        {
            var next = await Topology().BeginReigns(key.Node, [new EndedReign(key.Shard, order.Epoch)]).WaitAsync(AnswerBound, time);
            var primary = next.Shards[key.Shard].Primary;
            return primary == key.Node ? new ReignKept() : new ReignEnded(primary);
        }
        catch (Exception error) when (IsNoAnswer(error))
        {
            await Task.Delay(AskAgain, time);
            return new NoAnswer(error.Message);
        }
    }

    private static bool IsNoAnswer(Exception error) => error is ShardUnavailableException or OrleansException or TimeoutException or IOException or HttpRequestException;

    private ITopologyGrain Topology() => grains.GetGrain<ITopologyGrain>(0);
}
