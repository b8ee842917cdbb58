using Orleans;
using Orleans.Runtime;

namespace Sluice.Tests.Runtime.Orleans;

public sealed class ClusterTests : IAsyncLifetime
{
    private readonly TestCluster _cluster = new(2);

    public Task InitializeAsync() => _cluster.InitializeAsync();

    public Task DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Concurrent_first_calls_from_two_silos_meet_one_activation()
    {
        var factories = _cluster.Silos.Select(s => s.Grains).Append(_cluster.Client).ToArray();
        for (var key = 0; key < 50; key++)
        {
            var lives = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() => factories[i % 3].GetGrain<ICounterGrain>($"first-{key}").Where().AsTask())));
            Assert.Single(lives.Distinct());
        }
    }

    [Fact]
    public async Task Grains_spread_over_the_silos_and_answer_from_any()
    {
        var silos = new HashSet<string>();
        for (var key = 0; key < 40; key++)
        {
            silos.Add((await _cluster.Client.GetGrain<ICounterGrain>($"spread-{key}").Where()).Split('/')[0]);
        }

        Assert.Equal(["Primary", "Secondary_1"], silos.Order());
    }

    [Fact]
    public async Task A_message_arrives_with_exactly_its_numbered_members()
    {
        for (var key = 0; key < 8; key++)
        {
            var sent = new Reading("x", long.MaxValue, key % 2 == 0 ? [1, 2, 3] : default);
            var received = await _cluster.Client.GetGrain<ICounterGrain>($"echo-{key}").Echo(sent);
            Assert.Equal(sent.Name, received.Name);
            Assert.Equal(sent.Value, received.Value);
            Assert.Equal(sent.Parts.IsDefault, received.Parts.IsDefault);
            Assert.True(sent.Parts.IsDefault || sent.Parts.SequenceEqual(received.Parts));
        }
    }

    [Fact]
    public async Task An_exception_crosses_processes_with_its_type_and_members()
    {
        for (var key = 0; key < 8; key++)
        {
            var refusal = await Assert.ThrowsAsync<RefusalException>(() => _cluster.Client.GetGrain<ICounterGrain>($"refuse-{key}").Refuse("no way", 42));
            Assert.Equal("no way", refusal.Message);
            Assert.Equal(42, refusal.Code);
            Assert.Contains(nameof(CounterGrain), refusal.StackTrace, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_grains_of_a_killed_silo_are_activated_elsewhere()
    {
        var keys = Enumerable.Range(0, 40).Select(i => $"killed-{i}").ToArray();
        foreach (var key in keys)
        {
            await _cluster.Client.GetGrain<ICounterGrain>(key).Add(1);
        }

        await _cluster.KillSiloAsync(_cluster.SecondarySilos[0]);
        await _cluster.MembersAgreeAsync();
        foreach (var key in keys)
        {
            Assert.StartsWith("Primary/", await _cluster.Client.GetGrain<ICounterGrain>(key).Where(), StringComparison.Ordinal);
        }
    }
}
