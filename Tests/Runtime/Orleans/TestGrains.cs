using System.Collections.Immutable;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Sluice.Tests.Runtime.Orleans;

[GenerateSerializer, Immutable, Alias("Test.Reading")]
public sealed record Reading([property: Id(0)] string Name, [property: Id(1)] long Value, [property: Id(2)] ImmutableArray<int> Parts)
{
    /// <summary>Computed, so it does not travel.</summary>
    public string Shown => $"{Name}={Value}";
}

[GenerateSerializer, Alias("Test.Refusal")]
public sealed class RefusalException : Exception
{
    public RefusalException(string message, int code)
        : base(message) => Code = code;

    [Id(0)]
    public int Code { get; private set; }
}

[Alias("Test.ICounterGrain")]
public interface ICounterGrain : IGrainWithStringKey
{
    [Alias("Add")]
    Task<int> Add(int amount);

    [Alias("AddSlowly")]
    Task<int> AddSlowly(int amount);

    [Alias("Where")]
    ValueTask<string> Where();

    [Alias("Echo")]
    ValueTask<Reading> Echo(Reading reading);

    [Alias("Refuse")]
    Task Refuse(string message, int code);

    [Alias("Deactivate")]
    Task Deactivate();
}

public sealed class CounterGrain(ILocalSiloDetails silo) : Grain, ICounterGrain
{
    private readonly Guid _life = Guid.NewGuid();
    private int _value;

    public Task<int> Add(int amount) => Task.FromResult(_value += amount);

    public async Task<int> AddSlowly(int amount)
    {
        var before = _value;
        await Task.Yield();
        _value = before + amount;
        return _value;
    }

    public ValueTask<string> Where() => new($"{silo.Name}/{_life:N}");

    public ValueTask<Reading> Echo(Reading reading) => new(reading);

    public Task Refuse(string message, int code) => throw new RefusalException(message, code);

    public Task Deactivate()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

internal static class ServiceExtensions
{
    public static IGrainFactory GetGrainFactory(this IServiceProvider services) =>
        (IGrainFactory)services.GetService(typeof(IGrainFactory))!;
}
