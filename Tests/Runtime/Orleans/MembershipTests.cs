using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Sluice.Tests.Runtime.Orleans;

/// <summary>Silos of their own hosts, as separate processes have them.</summary>
public sealed class MembershipTests : IAsyncLifetime
{
    private readonly List<IHost> _hosts = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await host.StopAsync();
            host.Dispose();
        }
    }

    [Fact]
    public async Task Silos_with_seeds_find_each_other_whichever_starts_first()
    {
        var ports = TestCluster.FreePorts(6);
        foreach (var i in new[] { 2, 0, 1 })
        {
            await StartSiloAsync(ports[i], ports[3 + i], "s3cret", [.. ports.Take(3)]);
        }

        foreach (var host in _hosts)
        {
            await Sees(host, 3);
        }
    }

    [Fact]
    public async Task A_lone_silo_whose_seeds_are_down_serves_at_once()
    {
        var ports = TestCluster.FreePorts(3);
        var host = await StartSiloAsync(ports[0], 0, "s3cret", ports);
        Assert.Equal(4, await host.Services.GetGrainFactory().GetGrain<ICounterGrain>("x").Add(4));
    }

    [Fact]
    public async Task A_silo_with_another_secret_is_refused()
    {
        var ports = TestCluster.FreePorts(2);
        var first = await StartSiloAsync(ports[0], 0, "right", ports);
        var second = await StartSiloAsync(ports[1], 0, "wrong", ports);
        foreach (var host in new[] { first, second })
        {
            var membership = host.Services.GetRequiredService<Membership>();
            await membership.AnnounceAsync(SiloStatus.Active);
            Assert.Single(membership.GetActiveSilos());
        }
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData(null)]
    public async Task A_client_with_a_wrong_secret_or_none_is_refused(string? secret)
    {
        var ports = TestCluster.FreePorts(2);
        await StartSiloAsync(ports[0], ports[1], "right", []);
        using var client = BuildClient(secret, ports[1]);
        var refusal = await Assert.ThrowsAsync<OrleansMessageRejectionException>(() => client.StartAsync());
        Assert.Contains(SharedSecret.Key, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_gateway_takes_no_messages_that_only_silos_may_send()
    {
        var ports = TestCluster.FreePorts(2);
        var silo = await StartSiloAsync(ports[0], ports[1], "right", []);
        var messenger = silo.Services.GetRequiredService<HttpMessenger>();
        var intruder = new GossipMessage(new MemberEntry(SiloAddress.New(IPAddress.Loopback, 9, 1), "intruder", SiloStatus.Active), []);
        await Assert.ThrowsAsync<OrleansMessageRejectionException>(() =>
            messenger.AskAsync<GossipMessage, GossipMessage>(new IPEndPoint(IPAddress.Loopback, ports[1]), SiloPaths.Members, intruder, CancellationToken.None));
        Assert.Single(silo.Services.GetRequiredService<Membership>().GetActiveSilos());
    }

    [Fact]
    public async Task A_silo_that_would_listen_beyond_loopback_without_a_secret_does_not_start()
    {
        var ports = TestCluster.FreePorts(1);
        using var host = BuildSilo(ports[0], 0, null, [], new IPEndPoint(IPAddress.Any, ports[0]));
        var refusal = await Assert.ThrowsAsync<OrleansConfigurationException>(() => host.StartAsync());
        Assert.Contains(SharedSecret.Key, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restarted_silo_is_another_silo_at_the_same_endpoint()
    {
        var ports = TestCluster.FreePorts(2);
        var first = await StartSiloAsync(ports[0], 0, "s3cret", ports);
        var second = await StartSiloAsync(ports[1], 0, "s3cret", ports);
        await Sees(first, 2);
        var before = second.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        await KillAsync(second);
        var third = await StartSiloAsync(ports[1], 0, "s3cret", ports);
        var after = third.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        await Sees(first, 2);
        Assert.True(after.IsSuccessorOf(before));
        var oracle = first.Services.GetRequiredService<ISiloStatusOracle>();
        Assert.Equal(SiloStatus.Dead, oracle.GetApproximateSiloStatus(before));
        Assert.Equal(SiloStatus.Active, oracle.GetApproximateSiloStatus(after));
    }

    [Fact]
    public async Task A_client_goes_over_to_another_gateway()
    {
        var ports = TestCluster.FreePorts(4);
        var first = await StartSiloAsync(ports[0], ports[2], "s3cret", [.. ports.Take(2)]);
        var second = await StartSiloAsync(ports[1], ports[3], "s3cret", [.. ports.Take(2)]);
        await Sees(first, 2);
        var client = BuildClient("s3cret", ports[2], ports[3]);
        _hosts.Add(client);
        await client.StartAsync();
        await client.Services.GetGrainFactory().GetGrain<ICounterGrain>("over").Add(1);
        await KillAsync(first);
        await Sees(second, 1);
        await client.Services.GetGrainFactory().GetGrain<ICounterGrain>("over").Add(1);
    }

    [Fact]
    public async Task A_client_that_reaches_no_gateway_does_not_start()
    {
        using var client = BuildClient("s3cret", TestCluster.FreePorts(1));
        var failure = await Assert.ThrowsAsync<SiloUnavailableException>(() => client.StartAsync());
        Assert.Contains("No gateway of 127.0.0.1:", failure.Message, StringComparison.Ordinal);
    }

    private static Task Sees(IHost host, int count) => TestCluster.SeesAsync(host.Services.GetRequiredService<Membership>(), count);

    private static IHost BuildClient(string? secret, params int[] gatewayPorts)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([KeyValuePair.Create(SharedSecret.Key, secret)]);
        builder.UseOrleansClient(client => client.UseStaticClustering([.. gatewayPorts.Select(port => new IPEndPoint(IPAddress.Loopback, port))]));
        return builder.Build();
    }

    private static IHost BuildSilo(int siloPort, int gatewayPort, string? secret, int[] seeds, IPEndPoint? listen = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(
        [
            KeyValuePair.Create(SharedSecret.Key, secret),
            .. seeds.Select((port, i) => KeyValuePair.Create<string, string?>($"Orleans:Clustering:Seeds:{i}", $"127.0.0.1:{port}")),
        ]);
        builder.UseOrleans(silo => silo.ConfigureEndpoints(IPAddress.Loopback, siloPort, gatewayPort)
            .Configure<EndpointOptions>(options => options.SiloListeningEndpoint = listen)
            .Configure<ClusterMembershipOptions>(options => options.ProbeTimeout = TimeSpan.FromMilliseconds(300)));
        return builder.Build();
    }

    private async Task<IHost> StartSiloAsync(int siloPort, int gatewayPort, string? secret, int[] seeds)
    {
        var host = BuildSilo(siloPort, gatewayPort, secret, seeds);
        await host.StartAsync();
        _hosts.Add(host);
        return host;
    }

    private Task KillAsync(IHost host)
    {
        _hosts.Remove(host);
        return new TestSilo("killed", host).KillAsync();
    }
}
