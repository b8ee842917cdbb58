using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sluice.Configuration;
using Sluice.Silo.Resp;
using Sluice.Silo.Resp.Routing;

namespace Sluice.Tests.Resp;

/// <summary>The gateway on Kestrel and real sockets, with shards that are dictionaries.</summary>
internal sealed class GatewayUnderTest : IAsyncDisposable
{
    private readonly WebApplication host;

    private GatewayUnderTest(WebApplication host, MemoryRouter router, FakeNode node, LiveConfiguration configuration)
    {
        this.host = host;
        Router = router;
        Node = node;
        Configuration = configuration;
    }

    public MemoryRouter Router { get; }

    public FakeNode Node { get; }

    public LiveConfiguration Configuration { get; }

    public ClientRegistry Clients => host.Services.GetRequiredService<ClientRegistry>();

    public int Port { get; private set; }

    public static async Task<GatewayUnderTest> StartAsync(int shards = 4, LiveConfiguration? configuration = null, TimeProvider? time = null)
    {
        var router = new MemoryRouter(shards);
        var node = new FakeNode();
        configuration ??= new LiveConfiguration();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IShardRouter>(router);
        builder.Services.AddSingleton<INodeControl>(node);
        builder.Services.AddSingleton<ITopologyView>(node);
        builder.Services.AddSingleton(configuration);
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddSluiceGateway();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseConnectionHandler<RespConnectionHandler>()));
        var gateway = new GatewayUnderTest(builder.Build(), router, node, configuration);
        await gateway.host.StartAsync();
        gateway.Port = new Uri(gateway.host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
        return gateway;
    }

    public Task<RespClient> ConnectAsync() => RespClient.ConnectAsync(Port);

    /// <summary>Stops as a node stops.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => host.StopAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        // Connections that a test left waiting are aborted.
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        await host.StopAsync(limit.Token);
        await host.DisposeAsync();
    }
}
