using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;

namespace Orleans.TestingHost;

/// <summary>Configures each silo of a test cluster.</summary>
public interface ISiloConfigurator
{
    void Configure(ISiloBuilder siloBuilder);
}

/// <summary>Configures each host of a test cluster.</summary>
public interface IHostConfigurator
{
    void Configure(IHostBuilder hostBuilder);
}

/// <summary>Configures the client of a test cluster.</summary>
public interface IClientBuilderConfigurator
{
    void Configure(IConfiguration configuration, IClientBuilder clientBuilder);
}

/// <summary>The settings of a test cluster.</summary>
public class TestClusterOptions
{
    public string ClusterId { get; set; } = "";
    public string ServiceId { get; set; } = "";
    public short InitialSilosCount { get; set; }
    public bool InitializeClientOnDeploy { get; set; } = true;
    public List<string?> SiloBuilderConfiguratorTypes { get; } = [];
    public List<string?> ClientBuilderConfiguratorTypes { get; } = [];
}

/// <summary>Describes a cluster of several silos in this process, to be started by <see cref="TestCluster.DeployAsync"/>.</summary>
public class TestClusterBuilder
{
    private readonly List<Action<IConfigurationBuilder>> _configuration = [];

    public TestClusterBuilder()
        : this(2)
    {
    }

    public TestClusterBuilder(short initialSilosCount) => Options = new TestClusterOptions
    {
        InitialSilosCount = initialSilosCount,
        ClusterId = CreateClusterId(),
        ServiceId = Guid.NewGuid().ToString("N"),
    };
    public TestClusterOptions Options { get; }
    public Dictionary<string, string?> Properties { get; } = [];
    public static string CreateClusterId() => $"testcluster-{Guid.NewGuid():N}";

    public TestClusterBuilder AddSiloBuilderConfigurator<T>()
        where T : new()
    {
        Require<T>(typeof(ISiloConfigurator), typeof(IHostConfigurator));
        Options.SiloBuilderConfiguratorTypes.Add(typeof(T).AssemblyQualifiedName);
        return this;
    }

    public TestClusterBuilder AddClientBuilderConfigurator<T>()
        where T : new()
    {
        Require<T>(typeof(IClientBuilderConfigurator), typeof(IHostConfigurator));
        Options.ClientBuilderConfiguratorTypes.Add(typeof(T).AssemblyQualifiedName);
        return this;
    }

    public TestClusterBuilder ConfigureHostConfiguration(Action<IConfigurationBuilder> configureDelegate)
    {
        _configuration.Add(configureDelegate);
        return this;
    }

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
