using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Sluice.Tests.Runtime.Orleans;

/// <summary>A silo with a host of its own, as a separate process has it.</summary>
public sealed class TestSilo(string name, IHost host)
{
    public string Name { get; } = name;

    public IServiceProvider Services => host.Services;

    public IGrainFactory Grains => Services.GetRequiredService<IGrainFactory>();

    internal Membership Membership => Services.GetRequiredService<Membership>();

    public async Task StopAsync()
    {
        await host.StopAsync();
        await ((IAsyncDisposable)host).DisposeAsync();
    }

    /// <summary>Ends it where it stands: no grain is deactivated and nobody is told.</summary>
    public async Task KillAsync()
    {
        try
        {
            await host.StopAsync(new CancellationToken(canceled: true));
        }
        catch (OperationCanceledException)
        {
            // Killed: what it was about to do is not waited for.
        }

        await ((IAsyncDisposable)host).DisposeAsync();
    }
}

/// <summary>Several silos, named Primary, Secondary_1 and so on, and a client in this process, which talk to each other over loopback.</summary>
public sealed class TestCluster(int initialSilos, Action<ISiloBuilder>? configureSilo = null, Action<IClientBuilder>? configureClient = null) : IAsyncLifetime, IAsyncDisposable
{
    private readonly List<TestSilo> _silos = [];
    private readonly List<IPEndPoint> _gateways = [];
    private readonly List<string> _seeds = [];
    private readonly string _secret = Guid.NewGuid().ToString("N");
    private IHost? _client;
    private int _started;

    public IReadOnlyList<TestSilo> Silos => _silos;

    public TestSilo Primary => _silos.Single(s => s.Name == "Primary");

    public IReadOnlyList<TestSilo> SecondarySilos => [.. _silos.Where(s => s.Name != "Primary")];

    public IClusterClient Client => _client!.Services.GetRequiredService<IClusterClient>();

    public static int[] FreePorts(int count)
    {
        var sockets = Enumerable.Range(0, count).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToArray();
        Array.ForEach(sockets, s => s.Bind(new IPEndPoint(IPAddress.Loopback, 0)));
        int[] ports = [.. sockets.Select(s => ((IPEndPoint)s.LocalEndPoint!).Port)];
        Array.ForEach(sockets, s => s.Dispose());
        return ports;
    }

    public async Task InitializeAsync()
    {
        for (var i = 0; i < initialSilos; i++)
        {
            await StartSiloAsync();
        }

        await MembersAgreeAsync();
        var builder = Builder([]);
        builder.UseOrleansClient(client =>
        {
            client.UseStaticClustering([.. _gateways]);
            configureClient?.Invoke(client);
        });
        _client = builder.Build();
        await _client.StartAsync();
    }

    public async Task StartSiloAsync()
    {
        var ports = FreePorts(2);
        var name = _started++ == 0 ? "Primary" : $"Secondary_{_started - 1}";
        var builder = Builder(_seeds);
        builder.UseOrleans(silo =>
        {
            silo.ConfigureEndpoints(IPAddress.Loopback, ports[0], ports[1])
                .Configure<SiloOptions>(o => o.SiloName = name)
                .Configure<ClusterMembershipOptions>(o => o.ProbeTimeout = TimeSpan.FromMilliseconds(500));
            configureSilo?.Invoke(silo);
        });
        var host = builder.Build();
        await host.StartAsync();
        _silos.Add(new TestSilo(name, host));
        _seeds.Add($"127.0.0.1:{ports[0]}");
        _gateways.Add(new IPEndPoint(IPAddress.Loopback, ports[1]));
    }

    public Task StopSiloAsync(TestSilo silo)
    {
        _silos.Remove(silo);
        return silo.StopAsync();
    }

    public Task KillSiloAsync(TestSilo silo)
    {
        _silos.Remove(silo);
        return silo.KillAsync();
    }

    /// <summary>Waits until every silo sees exactly those that are there.</summary>
    public async Task MembersAgreeAsync()
    {
        foreach (var silo in _silos)
        {
            await SeesAsync(silo.Membership, _silos.Count);
        }
    }

    internal static async Task SeesAsync(Membership membership, int count)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Check()
        {
            if (membership.Active.Length == count)
            {
                seen.TrySetResult();
            }
        }

        membership.Changed += Check;
        try
        {
            Check();
            await Signals.Await(seen.Task, $"silo {membership.SiloName} sees {count} silos");
        }
        finally
        {
            membership.Changed -= Check;
        }
    }

    public async Task DisposeAsync()
    {
        if (_client is { } client)
        {
            await client.StopAsync();
            client.Dispose();
        }

        foreach (var silo in _silos.ToArray().Reverse())
        {
            await StopSiloAsync(silo);
        }
    }

    ValueTask IAsyncDisposable.DisposeAsync() => new(DisposeAsync());

    private HostApplicationBuilder Builder(IEnumerable<string> seeds)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(
        [
            KeyValuePair.Create<string, string?>(SharedSecret.Key, _secret),
            .. seeds.Select((seed, i) => KeyValuePair.Create<string, string?>($"Orleans:Clustering:Seeds:{i}", seed)),
        ]);
        return builder;
    }
}
