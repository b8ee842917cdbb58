using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;

namespace Orleans.TestingHost;

/// <summary>Configures each silo of a test cluster.</summary>
public interface ISiloConfigurator
{
    /// <summary>Configures one silo.</summary>
    void Configure(ISiloBuilder siloBuilder);
}

/// <summary>Configures each host of a test cluster.</summary>
public interface IHostConfigurator
{
    /// <summary>Configures one host.</summary>
    void Configure(IHostBuilder hostBuilder);
}

/// <summary>Configures the client of a test cluster.</summary>
public interface IClientBuilderConfigurator
{
    /// <summary>Configures it.</summary>
    void Configure(IConfiguration configuration, IClientBuilder clientBuilder);
}

/// <summary>The settings of a test cluster.</summary>
public class TestClusterOptions
{
    /// <summary>The cluster id.</summary>
    public string ClusterId { get; set; } = "";

    /// <summary>The service id.</summary>
    public string ServiceId { get; set; } = "";

    /// <summary>How many silos deploying starts.</summary>
    public short InitialSilosCount { get; set; }

    /// <summary>Whether deploying also starts the client.</summary>
    public bool InitializeClientOnDeploy { get; set; } = true;

    /// <summary>The assembly-qualified names of the configurators of silos.</summary>
    public List<string?> SiloBuilderConfiguratorTypes { get; } = [];

    /// <summary>The assembly-qualified names of the configurators of the client.</summary>
    public List<string?> ClientBuilderConfiguratorTypes { get; } = [];
}

/// <summary>Describes a cluster of several silos in this process, to be started by <see cref="TestCluster.DeployAsync"/>.</summary>
public class TestClusterBuilder
{
    private readonly List<Action<IConfigurationBuilder>> _configuration = [];

    /// <summary>With two silos.</summary>
    public TestClusterBuilder()
        : this(2)
    {
    }

    /// <summary>With so many silos.</summary>
    public TestClusterBuilder(short initialSilosCount) => Options = new TestClusterOptions
    {
        InitialSilosCount = initialSilosCount,
        ClusterId = CreateClusterId(),
        ServiceId = Guid.NewGuid().ToString("N"),
    };

    /// <summary>The settings.</summary>
    public TestClusterOptions Options { get; }

    /// <summary>Configuration values of every host.</summary>
    public Dictionary<string, string?> Properties { get; } = [];

    /// <summary>A cluster id that no other cluster has.</summary>
    public static string CreateClusterId() => $"testcluster-{Guid.NewGuid():N}";

    /// <summary>Has silos configured by an <see cref="ISiloConfigurator"/> or <see cref="IHostConfigurator"/>.</summary>
    public TestClusterBuilder AddSiloBuilderConfigurator<T>()
        where T : new()
    {
        Require<T>(typeof(ISiloConfigurator), typeof(IHostConfigurator));
        Options.SiloBuilderConfiguratorTypes.Add(typeof(T).AssemblyQualifiedName);
        return this;
    }

    /// <summary>Has the client configured by an <see cref="IClientBuilderConfigurator"/> or <see cref="IHostConfigurator"/>.</summary>
    public TestClusterBuilder AddClientBuilderConfigurator<T>()
        where T : new()
    {
        Require<T>(typeof(IClientBuilderConfigurator), typeof(IHostConfigurator));
        Options.ClientBuilderConfiguratorTypes.Add(typeof(T).AssemblyQualifiedName);
        return this;
    }

    /// <summary>Adds to the configuration of every host.</summary>
    public TestClusterBuilder ConfigureHostConfiguration(Action<IConfigurationBuilder> configureDelegate)
    {
        _configuration.Add(configureDelegate);
        return this;
    }

    /// <summary>The cluster, not started.</summary>
    public TestCluster Build()
    {
        var builder = new ConfigurationBuilder().AddInMemoryCollection(Properties);
        _configuration.ForEach(c => c(builder));
        return new TestCluster(Options, [.. builder.Sources]);
    }

    private static void Require<T>(params Type[] interfaces)
    {
        if (!interfaces.Any(i => i.IsAssignableFrom(typeof(T))))
        {
            throw new ArgumentException($"{typeof(T)} must implement {string.Join(" or ", interfaces.Select(i => i.Name))}.");
        }
    }

    /// <summary>Loopback ports that are free now.</summary>
    internal static int[] FreePorts(int count)
    {
        var sockets = Enumerable.Range(0, count).Select(_ =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            return socket;
        }).ToArray();
        int[] ports = [.. sockets.Select(s => ((IPEndPoint)s.LocalEndPoint!).Port)];
        Array.ForEach(sockets, s => s.Dispose());
        return ports;
    }
}
