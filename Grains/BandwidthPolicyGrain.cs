using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Sluice.Persistence;
using Sluice.Placement;

namespace Sluice.Grains;

/// <summary>
/// Keeps the policy of bandwidth on the coordinator's disk. Apart from the broker, because the broker must be able to run on any node: while the coordinator is down nobody can change
/// the policy, but the broker goes on with the one that nodes remember.
/// </summary>
[CoordinatorPlacement]
internal sealed partial class BandwidthPolicyGrain(
    [PersistentState("bandwidth-policy", FileGrainStorage.Name)] IPersistentState<BandwidthPolicy> policy,
    ILogger<BandwidthPolicyGrain> logger) : Grain, IBandwidthPolicyGrain
{
    /// <inheritdoc/>
    public Task<BandwidthPolicy> Get() => Task.FromResult(policy.State);

    /// <inheritdoc/>
    public async Task<BandwidthPolicy?> Replace(BandwidthPolicy next)
    {
        if (next.Version != policy.State.Version)
        {
            return null;
        }

        var before = policy.State;
        policy.State = next with { Version = next.Version + 1 };
        try
        {
            await policy.WriteStateAsync();
        }
        catch
        {
            policy.State = before;
            throw;
        }

        LogChanged(policy.State.Version);
        return policy.State;
    }

    [LoggerMessage(4601, LogLevel.Information, "Bandwidth policy version {Version} is in force")]
    private partial void LogChanged(long version);
}
