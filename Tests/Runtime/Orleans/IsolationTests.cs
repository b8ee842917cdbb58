using System.Diagnostics;
using Orleans;
using Orleans.Concurrency;
using Orleans.Diagnostics;
using Orleans.Hosting;

namespace Sluice.Tests.Runtime.Orleans;

[GenerateSerializer, Immutable, Alias("Test.Parcel")]
public sealed record Parcel([property: Id(0)] byte[] Content);

[GenerateSerializer, Alias("Test.Box")]
public sealed record Box([property: Id(0)] List<int> Numbers, [property: Id(1)] Box? Inner);

[Alias("Test.IKeeperGrain")]
public interface IKeeperGrain : IGrainWithIntegerKey
{
    [Alias("Parcel")]
    Task<Parcel> PassParcel(Parcel parcel);

    [Alias("Bytes")]
    Task<byte[]> PassBytes(byte[] bytes);

    [Alias("Box")]
    Task<Box> PassBox(Box box);

    [Alias("Lists")]
    Task<IReadOnlyList<string>> PassList(IReadOnlyList<string> list);

    [Alias("Trace")]
    Task<string?> TraceId();
}

public sealed class KeeperGrain : Grain, IKeeperGrain
{
    public Task<Parcel> PassParcel(Parcel parcel) => Task.FromResult(parcel);

    public Task<byte[]> PassBytes(byte[] bytes) => Task.FromResult(bytes);

    public Task<Box> PassBox(Box box) => Task.FromResult(box);

    public Task<IReadOnlyList<string>> PassList(IReadOnlyList<string> list) => Task.FromResult(list);

    public Task<string?> TraceId() => Task.FromResult(Activity.Current?.TraceId.ToString());
}

public sealed class IsolationTests : IAsyncLifetime
{
    private readonly TestCluster _cluster = new(1, silo => silo.AddActivityPropagation(), client => client.AddActivityPropagation());

    private IKeeperGrain Local => _cluster.Primary.Grains.GetGrain<IKeeperGrain>(-255);

    private IKeeperGrain Remote => _cluster.Client.GetGrain<IKeeperGrain>(-255);

    public Task InitializeAsync() => _cluster.InitializeAsync();

    public Task DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task What_is_immutable_is_passed_by_reference_within_a_silo()
    {
        var parcel = new Parcel([1, 2, 3]);
        Assert.Same(parcel, await Local.PassParcel(parcel));
    }

    [Fact]
    public async Task Everything_else_is_copied_deeply()
    {
        byte[] bytes = [1, 2];
        var back = await Local.PassBytes(bytes);
        Assert.NotSame(bytes, back);
        Assert.Equal(bytes, back);
        var box = new Box([1], new Box([2], null));
        foreach (var keeper in new[] { Local, Remote })
        {
            var copy = await keeper.PassBox(box);
            Assert.NotSame(box.Inner!.Numbers, copy.Inner!.Numbers);
            Assert.Equal([2], copy.Inner.Numbers);
            Assert.Null(copy.Inner.Inner);
            Assert.Equal(["a", "b"], await keeper.PassList(["a", "b"]));
        }
    }

    [Fact]
    public async Task A_trace_goes_through_calls_and_the_callers_span_stays_current()
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is ActivitySources.ApplicationGrainActivitySourceName or "IsolationTests",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        using var source = new ActivitySource("IsolationTests");
        using var span = source.StartActivity("caller");
        foreach (var keeper in new[] { Local, Remote })
        {
            Assert.Equal(span!.TraceId.ToString(), await keeper.TraceId());
            Assert.Same(span, Activity.Current);
        }
    }
}
