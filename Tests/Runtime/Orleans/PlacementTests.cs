using Orleans;
using Orleans.Hosting;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Sluice.Tests.Runtime.Orleans;

public sealed class ByNamePlacement : PlacementStrategy;

public sealed class ByNamePlacementAttribute() : PlacementAttribute(new ByNamePlacement());

/// <summary>The silo that the key names after its <c>@</c>.</summary>
public sealed class ByNameDirector(ISiloStatusOracle oracle) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var name = target.GrainIdentity.Key.ToString().Split('@')[1];
        return Task.FromResult(context.GetCompatibleSilos(target).FirstOrDefault(s => oracle.TryGetSiloName(s, out var found) && found == name)
            ?? throw new RefusalException($"no silo {name}", 404));
    }
}

[Alias("Test.IHomeGrain")]
public interface IHomeGrain : IGrainWithStringKey
{
    [Alias("Where")]
    Task<string> Where();

    [Alias("AskOther")]
    Task<string> AskOther(string key);

    [Alias("Hang")]
    Task Hang(string signal, CancellationToken cancellationToken);

    [Alias("Wait"), ResponseTimeout("00:00:00.300")]
    Task WaitFor(string signal);

    [Alias("Unknown")]
    Task ThrowUnknown();

    [Alias("Platform")]
    Task ThrowPlatform();

    [Alias("Self")]
    Task<IHomeGrain> Self();

    [Alias("Sum")]
    Task<long> Sum(byte[] bytes);
}

[ByNamePlacement]
public sealed class HomeGrain(ILocalSiloDetails silo) : Grain, IHomeGrain
{
    public Task<string> Where() => Task.FromResult(silo.Name);

    public Task<string> AskOther(string key) => GrainFactory.GetGrain<IHomeGrain>(key).Where();

    public async Task Hang(string signal, CancellationToken cancellationToken)
    {
        Signals.Raise($"{signal}/begun");
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }
        finally
        {
            Signals.Raise($"{signal}/ended");
        }
    }

    public Task WaitFor(string signal) => Signals.Await(signal);

    public Task ThrowUnknown() => throw new UnmarkedException();

    public Task ThrowPlatform() => throw new ArgumentException("a bad argument");

    public Task<IHomeGrain> Self() => Task.FromResult(this.AsReference<IHomeGrain>());

    public Task<long> Sum(byte[] bytes) => Task.FromResult(bytes.Sum(b => (long)b));

    private sealed class UnmarkedException() : Exception("unmarked");
}

public sealed class TwoSilos : IAsyncLifetime
{
    public TestCluster Cluster { get; } = new(2, silo => silo.AddPlacementDirector<ByNamePlacement, ByNameDirector>());

    public Task InitializeAsync() => Cluster.InitializeAsync();

    public Task DisposeAsync() => Cluster.DisposeAsync();
}

public sealed class PlacementTests(TwoSilos silos) : IClassFixture<TwoSilos>
{
    private readonly string _key = Guid.NewGuid().ToString("N");

    private IHomeGrain Near => silos.Cluster.Client.GetGrain<IHomeGrain>($"{_key}@Primary");

    private IHomeGrain Far => silos.Cluster.Client.GetGrain<IHomeGrain>($"{_key}@Secondary_1");

    [Fact]
    public async Task A_director_says_where_a_grain_is_activated()
    {
        Assert.Equal("Primary", await Near.Where());
        Assert.Equal("Secondary_1", await Far.Where());
        Assert.Equal("Secondary_1", await Near.AskOther($"{_key}-2@Secondary_1"));
        Assert.Equal("Primary", await Far.AskOther($"{_key}-3@Primary"));
    }

    [Fact]
    public async Task A_directors_refusal_reaches_the_caller()
    {
        for (var i = 0; i < 6; i++)
        {
            var refusal = await Assert.ThrowsAsync<RefusalException>(() => silos.Cluster.Client.GetGrain<IHomeGrain>($"{_key}-{i}@nowhere").Where());
            Assert.Equal(404, refusal.Code);
        }
    }

    [Fact]
    public async Task Cancellation_crosses_processes()
    {
        using var cancellation = new CancellationTokenSource();
        var call = Far.Hang(_key, cancellation.Token);
        await Signals.Await($"{_key}/begun");
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Signals.Await($"{_key}/ended");
    }

    [Fact]
    public async Task A_call_to_another_process_times_out()
    {
        await Assert.ThrowsAsync<TimeoutException>(() => Far.WaitFor($"{_key}/go"));
        Signals.Raise($"{_key}/go");
    }

    [Fact]
    public async Task An_exception_of_the_platform_crosses_as_itself_and_an_unmarked_one_as_a_missing_codec()
    {
        Assert.Equal("a bad argument", (await Assert.ThrowsAsync<ArgumentException>(Far.ThrowPlatform)).Message);
        var missing = await Assert.ThrowsAsync<global::Orleans.Serialization.CodecNotFoundException>(Far.ThrowUnknown);
        Assert.Contains("unmarked", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reference_crosses_processes_and_can_be_called()
    {
        var self = await Far.Self();
        Assert.Equal(Far.GetGrainId(), self.GetGrainId());
        Assert.Equal("Secondary_1", await self.Where());
    }

    [Fact]
    public async Task A_message_of_several_mebibytes_arrives_whole()
    {
        var bytes = new byte[5 * 1024 * 1024];
        Array.Fill(bytes, (byte)3);
        Assert.Equal(bytes.Length * 3L, await Far.Sum(bytes));
    }
}
