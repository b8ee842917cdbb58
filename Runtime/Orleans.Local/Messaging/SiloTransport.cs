using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans;

/// <summary>The silo's two ports, and its calls to other silos. The gateway port takes calls of clients and nothing else.</summary>
internal sealed class SiloTransport(LocalSilo local, GrainDirectory directory, Membership membership, HttpMessenger messenger, MessageCodec codec, SharedSecret secret, IOptions<EndpointOptions> endpoints, IOptions<SiloMessagingOptions> messaging, ILoggerFactory logging) : IDisposable
{
    private readonly ConcurrentDictionary<SiloAddress, CancellationTokenSource> _deaths = new();
    private readonly List<MessageListener> _listeners = [];

    public async Task StartAsync(Silo silo, CancellationToken cancellationToken)
    {
        var options = endpoints.Value;
        var siloEndpoint = options.SiloListeningEndpoint ?? local.SiloAddress.Endpoint;
        Add(siloEndpoint)
            .Map<CallMessage, CallReply>(SiloPaths.Call, (message, token) => ReceiveAsync(silo, message, token))
            .Map<GossipMessage, GossipMessage>(SiloPaths.Members, membership.ReceiveAsync)
            .Map<LocateMessage, LocateReply>(SiloPaths.Locate, directory.OnLocateAsync)
            .Map<RegistrationMessage, RegistrationMessage>(SiloPaths.Register, directory.OnRegisterAsync)
            .Map<RegistrationMessage, bool>(SiloPaths.Unregister, directory.OnUnregisterAsync)
            .Map<RecoverMessage, RegistrationMessage[]>(SiloPaths.Recover, directory.OnRecoverAsync);
        if (options.GatewayPort != 0)
        {
            Add(options.GatewayListeningEndpoint ?? local.GatewayAddress.Endpoint)
                .Map<CallMessage, CallReply>(SiloPaths.Call, (message, token) => ReceiveAsync(silo, message, token))
                .Map<string, ManifestMessage>(SiloPaths.Manifest, (_, _) => Task.FromResult(silo.Types.ToManifest()));
        }

        membership.Died += OnDied;
        foreach (var listener in _listeners)
        {
            await listener.StartAsync(cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.WhenAll(_listeners.Select(l => l.StopAsync(cancellationToken)));

    public void Dispose() => _listeners.ForEach(l => l.Dispose());

    /// <summary>Sends a request to the silo that has its grain, and completes it with the answer.</summary>
    public async Task SendAsync(GrainAddress target, Invocation call)
    {
        call.Origin ??= local.SiloAddress;
        var message = codec.Encode(call, target.SiloAddress) with { Hops = call.Hops + 1 };
        using var abort = CancellationTokenSource.CreateLinkedTokenSource(call.Abandonment, DeathOf(target.SiloAddress!));
        CallReply reply;
        try
        {
            reply = await messenger.AskAsync<CallMessage, CallReply>(target.SiloAddress!.Endpoint, SiloPaths.Call, message, abort.Token);
        }
        catch (OperationCanceledException exception) when (!call.Abandonment.IsCancellationRequested)
        {
            throw new SiloUnavailableException($"Silo {target.SiloAddress} was declared dead before it answered: the call may or may not have run.", exception);
        }

        if (reply.Moved)
        {
            directory.Forget(call.Target);
        }

        Complete(call, reply, codec);
    }

    public static void Complete(Invocation call, CallReply reply, MessageCodec codec)
    {
        if (reply.Error is { } error)
        {
            call.Fail(codec.Decode(error));
        }
        else
        {
            call.SetResult(reply.Result);
        }
    }

    private void OnDied(SiloAddress silo)
    {
        if (_deaths.TryRemove(silo, out var death))
        {
            death.Cancel();
        }
    }

    /// <summary>Cancelled when the silo is declared dead, so that nobody waits for its answers.</summary>
    private CancellationToken DeathOf(SiloAddress silo)
    {
        var death = _deaths.GetOrAdd(silo, static _ => new CancellationTokenSource());
        if (membership.IsDeadSilo(silo))
        {
            death.Cancel();
        }

        return death.Token;
    }

    private MessageListener Add(IPEndPoint endpoint)
    {
        if (!secret.IsSet)
        {
            if (!IPAddress.IsLoopback(endpoint.Address))
            {
                throw new OrleansConfigurationException($"The silo would listen on {endpoint} without a shared secret: set {SharedSecret.Key}, or listen on loopback.");
            }

            logging.CreateLogger<SiloTransport>().NoSecret();
        }

        var listener = new MessageListener(endpoint, messaging.Value.MaxMessageBodySize, secret, logging);
        _listeners.Add(listener);
        return listener;
    }

    private async Task<CallReply> ReceiveAsync(Silo silo, CallMessage message, CancellationToken aborted)
    {
        if (message.Silo is not null && !message.Silo.Equals(local.SiloAddress))
        {
            throw new NotDeliveredException($"This is {local.SiloAddress}, not {message.Silo}.", false, null);
        }

        Invocation call;
        try
        {
            GrainReferenceConverter.Runtime = silo.References;
            call = codec.Decode(message);
        }
        catch (Exception exception)
        {
            return new CallReply { Error = MessageCodec.Encode(new OrleansMessageRejectionException($"The request {message.Interface}.{message.Method} could not be read: {exception.Message}", exception)) };
        }

        call.Origin ??= local.SiloAddress;
        call.AbortWith(aborted);
        silo.Dispatch(call);
        await call.Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return codec.EncodeReply(call, moved: !silo.Has(call.Target));
    }
}
