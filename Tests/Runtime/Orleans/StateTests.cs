using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Concurrency;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Runtime.Hosting;
using Orleans.Storage;

namespace Sluice.Tests.Runtime.Orleans;

[GenerateSerializer, Alias("Test.Tally")]
public sealed class Tally
{
    [Id(0)]
    public int Count { get; set; }

    [Id(1)]
    private string _note = "";

    public string Note
    {
        get => _note;
        set => _note = value;
    }
}

[Alias("Test.ITallyGrain")]
public interface ITallyGrain : IGrainWithStringKey
{
    [Alias("Raise")]
    Task<int> Raise(string note);

    [Alias("Read")]
    Task<Tally> Read();

    [Alias("Alter")]
    Task<int> AlterHandedOut(Tally tally);

    [Alias("Exists")]
    Task<bool> Exists();

    [Alias("Clear")]
    Task Clear();

    [Alias("Leave")]
    Task Leave();

    [Alias("Conflict")]
    Task WriteBehindItsBack();
}

public sealed class TallyGrain([PersistentState("tally", "memory")] IPersistentState<Tally> state, [FromKeyedServices("memory")] IGrainStorage storage) : Grain, ITallyGrain
{
    public async Task<int> Raise(string note)
    {
        state.State.Count++;
        state.State.Note = note;
        await state.WriteStateAsync();
        return state.State.Count;
    }

    public Task<Tally> Read() => Task.FromResult(state.State);

    public Task<int> AlterHandedOut(Tally tally)
    {
        tally.Count = 999;
        return Task.FromResult(state.State.Count);
    }

    public Task<bool> Exists() => Task.FromResult(state.RecordExists);

    public Task Clear() => state.ClearStateAsync();

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public async Task WriteBehindItsBack()
    {
        var other = new GrainState<Tally>(new Tally { Count = 50 });
        await storage.ReadStateAsync("tally", this.GetGrainId(), other);
        await storage.WriteStateAsync("tally", this.GetGrainId(), other);
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Signals.Raise($"{this.GetPrimaryKeyString()}/{reason.ReasonCode}");
        return Task.CompletedTask;
    }
}

public sealed class StateTests : IAsyncLifetime
{
    private readonly TestCluster _cluster = new(1, Configure);
    private readonly string _key = Guid.NewGuid().ToString("N");

    private ITallyGrain Tally => _cluster.Client.GetGrain<ITallyGrain>(_key);

    public Task InitializeAsync() => _cluster.InitializeAsync();

    public Task DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_grain_that_is_activated_again_has_its_state()
    {
        Assert.False(await Tally.Exists());
        await Tally.Raise("one");
        Assert.Equal(2, await Tally.Raise("two"));
        await Tally.Leave();
        await Signals.Await($"{_key}/ApplicationRequested");
        var tally = await Tally.Read();
        Assert.Equal(2, tally.Count);
        Assert.Equal("two", tally.Note);
        Assert.True(await Tally.Exists());
    }

    [Fact]
    public async Task A_cleared_state_is_as_if_never_written()
    {
        await Tally.Raise("one");
        await Tally.Clear();
        Assert.False(await Tally.Exists());
        Assert.Equal(0, (await Tally.Read()).Count);
        Assert.Equal(1, await Tally.Raise("again"));
    }

    [Fact]
    public async Task A_write_over_somebody_elses_is_refused_and_ends_the_activation()
    {
        await Tally.Raise("one");
        await Tally.WriteBehindItsBack();
        var conflict = await Assert.ThrowsAsync<InconsistentStateException>(() => Tally.Raise("two"));
        Assert.NotEqual(conflict.StoredEtag, conflict.CurrentEtag);
        await Signals.Await($"{_key}/ApplicationError");
        Assert.Equal(2, await Tally.Raise("three"));
    }

    [Fact]
    public async Task What_a_grain_hands_out_and_takes_in_is_a_copy()
    {
        var tally = _cluster.Primary.Grains.GetGrain<ITallyGrain>(_key);
        await tally.Raise("one");
        var handedOut = await tally.Read();
        handedOut.Count = 100;
        Assert.Equal(1, await tally.AlterHandedOut(handedOut));
        Assert.Equal(100, handedOut.Count);
    }

    [Fact]
    public async Task An_idle_grain_is_collected()
    {
        await Tally.Raise("one");
        await Signals.Await($"{_key}/ActivationIdle");
        Assert.Equal(2, await Tally.Raise("two"));
    }

    private static void Configure(ISiloBuilder silo)
    {
        silo.Services.AddGrainStorage("memory", (_, _) => new MemoryStorage());
        silo.Configure<GrainCollectionOptions>(options =>
        {
            options.CollectionAge = TimeSpan.FromMilliseconds(500);
            options.CollectionQuantum = TimeSpan.FromMilliseconds(100);
        });
    }

    /// <summary>Keeps states as text, so that what is read is never what was written.</summary>
    private sealed class MemoryStorage : IGrainStorage
    {
        private readonly ConcurrentDictionary<string, (string ETag, string Json)> _records = new();

        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            var found = _records.TryGetValue($"{stateName}/{grainId}", out var record);
            (grainState.RecordExists, grainState.ETag) = (found, found ? record.ETag : null);
            grainState.State = found ? JsonSerializer.Deserialize<T>(record.Json) : default;
            return Task.CompletedTask;
        }

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            Check(stateName, grainId, grainState.ETag);
            (grainState.RecordExists, grainState.ETag) = (true, Guid.NewGuid().ToString("N"));
            _records[$"{stateName}/{grainId}"] = (grainState.ETag, JsonSerializer.Serialize(grainState.State));
            return Task.CompletedTask;
        }

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            Check(stateName, grainId, grainState.ETag);
            _records.TryRemove($"{stateName}/{grainId}", out _);
            (grainState.RecordExists, grainState.ETag, grainState.State) = (false, null, default);
            return Task.CompletedTask;
        }

        private void Check(string stateName, GrainId grainId, string? etag)
        {
            var stored = _records.TryGetValue($"{stateName}/{grainId}", out var record) ? record.ETag : null;
            if (stored != etag)
            {
                throw new InconsistentStateException($"The state of grain {grainId} was written by somebody else since it was read.", stored, etag);
            }
        }
    }
}
