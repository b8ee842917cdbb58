using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Hosting;

namespace Sluice.Tests.Runtime.Orleans;

public sealed class LocalCallTests : IAsyncLifetime
{
    private IHost _host = null!;

    private IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public async Task InitializeAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans(silo => silo.ConfigureEndpoints(System.Net.IPAddress.Loopback, TestCluster.FreePorts(1)[0], gatewayPort: 0));
        _host = builder.Build();
        await _host.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    [Fact]
    public async Task A_call_returns_the_result_of_the_method()
    {
        var grain = Grains.GetGrain<ICounterGrain>("a");
        Assert.Equal(2, await grain.Add(2));
        Assert.Equal(5, await grain.Add(3));
    }

    [Fact]
    public async Task Requests_of_a_grain_do_not_interleave()
    {
        var grain = Grains.GetGrain<ICounterGrain>("b");
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => Task.Run(() => grain.AddSlowly(1))));
        Assert.Equal(1000, await grain.Add(0));
    }

    [Fact]
    public async Task A_deactivated_grain_is_activated_anew()
    {
        var grain = Grains.GetGrain<ICounterGrain>("c");
        var first = await grain.Where();
        await grain.Deactivate();
        Assert.NotEqual(first, await grain.Where());
    }

    [Fact]
    public async Task An_exception_reaches_the_caller_with_its_type()
    {
        var refusal = await Assert.ThrowsAsync<RefusalException>(() => Grains.GetGrain<ICounterGrain>("d").Refuse("no", 7));
        Assert.Equal("no", refusal.Message);
        Assert.Equal(7, refusal.Code);
    }
}
