using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans;

/// <summary>
/// A client outside of the cluster. It sends every call to one gateway, which sends it on to the grain's silo; when that gateway cannot
/// be reached, it goes over to the next. It connects when its host starts.
/// </summary>
internal sealed class ClusterClient(IServiceProvider services, GrainTypes types, HttpMessenger messenger, MessageCodec codec, TimeProvider time, IOptions<StaticGatewayListProviderOptions> gateways, IOptions<ClientMessagingOptions> messaging, IOptions<TracingOptions> tracing) : ReferenceRuntime(time, messaging.Value), IClusterClient, IHostedService
{
    private readonly IPEndPoint[] _gateways = [.. gateways.Value.Gateways.Select(g => new IPEndPoint(IPAddress.Parse(g.Host.Trim('[', ']')), g.Port))];
    private volatile Dictionary<string, string>? _manifest;
    private volatile int _preferred;

    public IServiceProvider ServiceProvider => services;

    public override bool PropagatesActivity => tracing.Value.Enabled;

    /// <exception cref="SiloUnavailableException">No gateway answers.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var manifest = await AskAnyAsync<string, ManifestMessage>(SiloPaths.Manifest, "", cancellationToken);
        _manifest = manifest.GrainTypes;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override GrainType? FindType(Type grainInterface, string? classNamePrefix)
    {
        var manifest = _manifest ?? throw new InvalidOperationException("The client is not connected: start its host first.");
        return manifest.TryGetValue(GrainInterfaces.NameOf(grainInterface).ToString(), out var type) ? GrainType.Create(type) : types.TypeFor(grainInterface, classNamePrefix);
    }

    protected override void Transmit(Invocation call) => _ = SendAsync(call);

    private async Task SendAsync(Invocation call)
    {
        try
        {
            var message = codec.Encode(call, null);
            GrainReferenceConverter.Runtime = this;
            SiloTransport.Complete(call, await AskAnyAsync<CallMessage, CallReply>(SiloPaths.Call, message, call.Abandonment), codec);
        }
        catch (Exception exception)
        {
            call.Fail(exception);
        }
    }

    // Another gateway is tried only when the message certainly did not arrive, so that no call runs twice.
    private async Task<TReply> AskAnyAsync<TMessage, TReply>(string path, TMessage message, CancellationToken cancellationToken)
    {
        if (_gateways.Length == 0)
        {
            throw new OrleansConfigurationException("The client knows no gateway: call UseStaticClustering.");
        }

        var first = _preferred;
        NotDeliveredException? last = null;
        for (var i = 0; i < _gateways.Length; i++)
        {
            var index = (first + i) % _gateways.Length;
            try
            {
                var reply = await messenger.AskAsync<TMessage, TReply>(_gateways[index], path, message, cancellationToken);
                _preferred = index;
                return reply;
            }
            catch (NotDeliveredException exception)
            {
                last = exception;
            }
        }

        throw new SiloUnavailableException($"No gateway of {string.Join(", ", _gateways.Select(g => g.ToString()))} can be reached: {last!.Message}", last);
    }
}
