using System.Collections.Concurrent;
using Orleans;
using Orleans.Runtime;
using Xunit.Abstractions;

namespace Sluice.Tests.Runtime.Orleans;

[Alias("Test.ILoneGrain")]
public interface ILoneGrain : IGrainWithStringKey
{
    [Alias("Ping")]
    Task Ping();
}

/// <summary>Counts the lives of each grain that are there at once, in all silos of this process.</summary>
public sealed class LoneGrain : Grain, ILoneGrain
{
    public static ConcurrentDictionary<string, int> Lives { get; } = new();

    public static ConcurrentQueue<string> Twice { get; } = new();

    public Task Ping() => Task.CompletedTask;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (Lives.AddOrUpdate(this.GetPrimaryKeyString(), 1, (_, lives) => lives + 1) > 1)
        {
            Twice.Enqueue(this.GetPrimaryKeyString());
        }

        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Lives.AddOrUpdate(this.GetPrimaryKeyString(), 0, (_, lives) => lives - 1);
        return Task.CompletedTask;
    }
}

public sealed class ChurnTests(ITestOutputHelper output)
{
    private const int Callers = 4;
    private const int Seed = 20261123;

    [Fact]
    public async Task Grains_have_one_activation_while_silos_come_and_go_in_order()
    {
        output.WriteLine($"seed {Seed}");
        await using var cluster = new TestCluster(3);
        await cluster.InitializeAsync();
        using var stop = new CancellationTokenSource();
        var answered = 0;
        var load = Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            var random = new Random(Seed + caller);
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    await cluster.Client.GetGrain<ILoneGrain>($"churn-{random.Next(100)}").Ping();
                    Interlocked.Increment(ref answered);
                }
                catch (OrleansMessageRejectionException)
                {
                    // A silo went away before it answered; the next call finds the grain elsewhere.
                    await Task.Yield();
                }
            }
        })).ToArray();
        for (var round = 0; round < 3; round++)
        {
            await cluster.StopSiloAsync(cluster.SecondarySilos[0]);
            await cluster.MembersAgreeAsync();
            await MoreCallsAsync();
            await cluster.StartSiloAsync();
            await cluster.MembersAgreeAsync();
            await MoreCallsAsync();
        }

        await stop.CancelAsync();
        await Task.WhenAll(load);
        Assert.Empty(LoneGrain.Twice);

        async Task MoreCallsAsync()
        {
            var enough = Volatile.Read(ref answered) + 50;
            using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while (Volatile.Read(ref answered) < enough)
            {
                Assert.False(bound.IsCancellationRequested, $"waited 60 s for {enough} answered calls; {answered} were");
                await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
            }
        }
    }
}
