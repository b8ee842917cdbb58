using System.Collections.ObjectModel;
using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.TestingHost;

/// <summary>Several silos and a client in this process, which talk to each other over loopback.</summary>
public class TestCluster : IDisposable, IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly List<SiloHandle> _silos = [];
    private readonly string _secret = Guid.NewGuid().ToString("N");
    private short _started;
    private IHost? _clientHost;

    internal TestCluster(TestClusterOptions options, IReadOnlyList<IConfigurationSource> configurationSources)
    {
        Options = options;
        ConfigurationSources = configurationSources;
    }

    public TestClusterOptions Options { get; }
    public IReadOnlyList<IConfigurationSource> ConfigurationSources { get; }
    public ReadOnlyCollection<SiloHandle> Silos => _silos.AsReadOnly();
    public SiloHandle? Primary => _silos.FirstOrDefault(s => s.InstanceNumber == 0);
    public IReadOnlyList<SiloHandle> SecondarySilos => [.. _silos.Where(s => s.InstanceNumber != 0)];
    public IServiceProvider ServiceProvider => (_clientHost ?? throw new InvalidOperationException("The client was not started.")).Services;
    public IClusterClient Client => ServiceProvider.GetRequiredService<IClusterClient>();

    public IGrainFactory GrainFactory => Client;
    public void Deploy() => DeployAsync().GetAwaiter().GetResult();

    public async Task DeployAsync()
    {
        await StartAdditionalSilosAsync(Options.InitialSilosCount);
        await WaitForLivenessToStabilizeAsync();
        if (Options.InitializeClientOnDeploy)
        {
            await InitializeClientAsync();
        }
    }

    public async Task InitializeClientAsync()
    {
        await StopClusterClientAsync();
        var host = new HostBuilder()
            .ConfigureHostConfiguration(c => Configure(c, []))
            .UseOrleansClient((context, client) =>
            {
                client.UseStaticClustering([.. _silos.Select(s => s.GatewayAddress.Endpoint)]).Configure<ClusterOptions>(Apply);
                foreach (var configurator in Configurators<IClientBuilderConfigurator>(Options.ClientBuilderConfiguratorTypes))
                {
                    configurator.Configure(context.Configuration, client);
                }
            });
        foreach (var configurator in Configurators<IHostConfigurator>(Options.ClientBuilderConfiguratorTypes))
        {
            configurator.Configure(host);
        }

        _clientHost = host.Build();
        await _clientHost.StartAsync();
    }

    public async Task StopClusterClientAsync()
    {
        if (_clientHost is { } host)
        {
            _clientHost = null;
            await host.StopAsync();
            host.Dispose();
        }
    }

    public SiloHandle StartAdditionalSilo(bool startAdditionalSiloOnNewPort = false) => StartAdditionalSiloAsync(startAdditionalSiloOnNewPort).GetAwaiter().GetResult();

    public async Task<SiloHandle> StartAdditionalSiloAsync(bool startAdditionalSiloOnNewPort = false)
    {
        var ports = TestClusterBuilder.FreePorts(2);
        var number = _started++;
        return await StartAsync(number, number == 0 ? "Primary" : $"Secondary_{number}", ports[0], ports[1]);
    }

    public async Task<List<SiloHandle>> StartAdditionalSilosAsync(int silosToStart, bool startAdditionalSiloOnNewPort = false)
    {
        List<SiloHandle> started = [];
        for (var i = 0; i < silosToStart; i++)
        {
            started.Add(await StartAdditionalSiloAsync(startAdditionalSiloOnNewPort));
        }

        return started;
    }

    public Task StopSiloAsync(SiloHandle instance) => EndAsync(instance, gracefully: true);
    public Task KillSiloAsync(SiloHandle instance) => EndAsync(instance, gracefully: false);

    public async Task<SiloHandle?> RestartSiloAsync(SiloHandle instance)
    {
        await StopSiloAsync(instance);
        return await StartAsync(instance.InstanceNumber, instance.Name, instance.SiloAddress.Endpoint.Port, instance.GatewayAddress.Endpoint.Port);
    }

    public void StopAllSilos() => StopAllSilosAsync().GetAwaiter().GetResult();

    public async Task StopAllSilosAsync()
    {
        await StopClusterClientAsync();
        foreach (var silo in _silos.ToArray().Reverse())
        {
            await StopSiloAsync(silo);
        }
    }

    public async Task WaitForLivenessToStabilizeAsync(bool didKill = false)
    {
        using var bound = new CancellationTokenSource(Patience, TimeProvider.System);
        SiloAddress[] expected = [.. _silos.Select(s => s.SiloAddress).Order()];
        foreach (var oracle in _silos.OfType<InProcessSiloHandle>().Select(s => s.ServiceProvider.GetRequiredService<Membership>()))
        {
            var agreed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            void Check()
            {
                if (oracle.Active.SequenceEqual(expected))
                {
                    agreed.TrySetResult();
                }
            }

            oracle.Changed += Check;
            Check();
            try
            {
                await agreed.Task.WaitAsync(bound.Token);
            }
            catch (OperationCanceledException exception)
            {
                throw new TimeoutException($"After {Patience} silo {oracle.SiloName} saw {string.Join<SiloAddress>(", ", oracle.Active)} instead of {string.Join<SiloAddress>(", ", expected)}.", exception);
            }
            finally
            {
                oracle.Changed -= Check;
            }
        }
    }

    public IServiceProvider GetSiloServiceProvider(SiloAddress? silo = null) =>
        _silos.OfType<InProcessSiloHandle>().First(s => silo is null || s.SiloAddress.Equals(silo)).ServiceProvider;

    public void Dispose()
    {
        DisposeAsync().AsTask().GetAwaiter().GetResult();
        _clientHost?.Dispose();
        GC.SuppressFinalize(this);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAllSilosAsync();
        GC.SuppressFinalize(this);
    }

    private static IEnumerable<T> Configurators<T>(IEnumerable<string?> types) =>
        types.Select(t => Activator.CreateInstance(Type.GetType(t!, throwOnError: true)!)).OfType<T>();

    private async Task<SiloHandle> StartAsync(short number, string name, int siloPort, int gatewayPort)
    {
        var seeds = _silos.Select((s, i) => KeyValuePair.Create<string, string?>($"Orleans:Clustering:Seeds:{i}", s.SiloAddress.Endpoint.ToString()));
        var builder = new HostBuilder()
            .ConfigureHostConfiguration(c => Configure(c, seeds))
            .UseOrleans((_, silo) =>
            {
                silo.ConfigureEndpoints(IPAddress.Loopback, siloPort, gatewayPort)
                    .Configure<ClusterOptions>(Apply)
                    .Configure<SiloOptions>(o => o.SiloName = name)
                    .Configure<ClusterMembershipOptions>(o => o.ProbeTimeout = TimeSpan.FromMilliseconds(500));
                foreach (var configurator in Configurators<ISiloConfigurator>(Options.SiloBuilderConfiguratorTypes))
                {
                    configurator.Configure(silo);
                }
            });
        foreach (var configurator in Configurators<IHostConfigurator>(Options.SiloBuilderConfiguratorTypes))
        {
            configurator.Configure(builder);
        }

        var host = builder.Build();
        await host.StartAsync();
        var local = host.Services.GetRequiredService<ILocalSiloDetails>();
        var handle = new InProcessSiloHandle { SiloHost = host, Name = name, InstanceNumber = number, SiloAddress = local.SiloAddress, GatewayAddress = local.GatewayAddress };
        _silos.Add(handle);
        return handle;
    }

    private async Task EndAsync(SiloHandle instance, bool gracefully)
    {
        _silos.Remove(instance);
        await instance.StopSiloAsync(gracefully);
        await instance.DisposeAsync();
    }

    private void Configure(IConfigurationBuilder builder, IEnumerable<KeyValuePair<string, string?>> seeds)
    {
        builder.AddInMemoryCollection([KeyValuePair.Create<string, string?>(SharedSecret.Key, _secret), .. seeds]);
        foreach (var source in ConfigurationSources)
        {
            builder.Add(source);
        }
    }

    private void Apply(ClusterOptions options)
    {
        options.ClusterId = Options.ClusterId;
        options.ServiceId = Options.ServiceId;
    }
}
