using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans;

/// <summary>
/// A silo at run time: its activations, and the way of a request to one. A request whose grain is active here goes straight to it;
/// otherwise the grain directory says on which silo it is, or places it.
/// </summary>
internal sealed class Silo : IDisposable
{
    private readonly ConcurrentDictionary<GrainId, Activation> _activations = new();
    private readonly GrainDirectory _directory;
    private readonly SiloTransport _transport;
    private readonly SiloMessagingOptions _messaging;
    private ITimer? _collector;
    private volatile bool _killed;

    public Silo(IServiceProvider services, GrainTypes types, SiloReferences references, GrainDirectory directory, SiloTransport transport, ILocalSiloDetails details, TimeProvider time, IOptions<GrainCollectionOptions> collection, IOptions<SiloMessagingOptions> messaging, ILogger<Silo> log)
    {
        Services = services;
        Types = types;
        References = references;
        Address = details.SiloAddress;
        Time = time;
        Collection = collection.Value;
        Log = log;
        _directory = directory;
        _transport = transport;
        _messaging = messaging.Value;
        references.Silo = this;
        directory.Silo = this;
    }

    public IServiceProvider Services { get; }

    public GrainTypes Types { get; }

    public SiloReferences References { get; }

    public SiloAddress Address { get; }

    public TimeProvider Time { get; }

    public GrainCollectionOptions Collection { get; }

    public ILogger Log { get; }

    public GrainActivator Activator { get; } = new();

    public IEnumerable<Activation> Activations => _activations.Values;

    public bool Has(GrainId grain) => _activations.ContainsKey(grain);

    public void StartCollecting() => _collector = Time.CreateTimer(_ => Collect(), null, Collection.CollectionQuantum, Collection.CollectionQuantum);

    public void Dispose() => _collector?.Dispose();

    /// <summary>Sends a request on its way; what goes wrong fails it.</summary>
    public void Dispatch(Invocation call)
    {
        if (_killed)
        {
            call.Fail(new SiloUnavailableException($"Silo {Address} has stopped."));
        }
        else if (!(_activations.TryGetValue(call.Target, out var activation) && activation.TryReceive(call)))
        {
            _ = RouteAsync(call);
        }
    }

    /// <summary>Sends a request on that waited at an activation which has ended.</summary>
    public void Forward(Invocation call)
    {
        if (++call.Hops > _messaging.MaxForwardCount + 1)
        {
            call.Fail(new OrleansMessageRejectionException($"The request {call.Method.Name} to grain {call.Target} was sent on {call.Hops} times and found no activation that takes it."));
        }
        else
        {
            _ = RouteAsync(call);
        }
    }

    /// <summary>Takes an activation out of this silo and out of the directory.</summary>
    public async Task RemoveAsync(Activation activation)
    {
        try
        {
            if (!_killed)
            {
                await _directory.UnregisterAsync(activation.Address);
            }
        }
        catch (Exception exception)
        {
            Log.UnregisterFailed(activation.GrainId, exception);
        }

        _activations.TryRemove(new KeyValuePair<GrainId, Activation>(activation.GrainId, activation));
    }

    /// <summary>Drops all activations where they stand, as the death of the process would.</summary>
    public void Kill()
    {
        _killed = true;
        foreach (var activation in _activations.Values)
        {
            activation.Abandon();
        }

        _activations.Clear();
    }

    public async Task DeactivateAllAsync(CancellationToken cancellationToken)
    {
        var all = _activations.Values.ToArray();
        foreach (var activation in all)
        {
            activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ShuttingDown, "The silo is shutting down"), CancellationToken.None);
        }

        try
        {
            await Task.WhenAll(all.Select(a => a.Deactivated)).WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The host gives its services a bounded time to stop; what is not done by then is left where it stands, as a crash would leave it.
            Log.NotDeactivated(string.Join(", ", all.Where(a => !a.Deactivated.IsCompleted).Select(a => a.GrainId)));
        }
    }

    // To a silo that turns out to be gone before anything was sent, the request may be sent again, if the directory knows another by then.
    private async Task RouteAsync(Invocation call, bool mayUseCache = true)
    {
        try
        {
            while (!call.Completion.IsCompleted)
            {
                var owner = _directory.Owner(call.Target);
                var address = await _directory.LocateAsync(call, mayUseCache && call.Hops == 0);
                if (!Address.Equals(address.SiloAddress))
                {
                    await _transport.SendAsync(address, call);
                    return;
                }

                if (!_directory.MayActivate && !Has(call.Target))
                {
                    // A silo that leaves activates nothing: the entry is from before, and goes.
                    await _directory.UnregisterAsync(address);
                    continue;
                }

                if (_directory.ActivateUnlessMoved(address, owner, GetOrActivate) is { } activation && activation.TryReceive(call))
                {
                    return;
                }
            }
        }
        catch (NotDeliveredException) when (mayUseCache)
        {
            _directory.Forget(call.Target);
            await RouteAsync(call, mayUseCache: false);
        }
        catch (NotDeliveredException exception)
        {
            call.Fail(new SiloUnavailableException($"The silo of grain {call.Target} is not reachable: {exception.Message}", exception));
        }
        catch (Exception exception)
        {
            call.Fail(exception);
        }
    }

    private Activation GetOrActivate(GrainAddress address)
    {
        if (_activations.TryGetValue(address.GrainId, out var existing))
        {
            return existing;
        }

        var created = new Activation(this, Types.ClassOf(address.GrainId.Type), address);
        var winner = _activations.GetOrAdd(address.GrainId, created);
        if (ReferenceEquals(winner, created))
        {
            created.Activate();
        }

        return winner;
    }

    private void Collect()
    {
        foreach (var activation in _activations.Values)
        {
            activation.Collect(Collection.CollectionAge);
        }
    }
}

/// <summary>References bound to a silo.</summary>
internal sealed class SiloReferences(GrainTypes types, TimeProvider time, IOptions<SiloMessagingOptions> messaging, IOptions<TracingOptions> tracing, IServiceProvider services) : ReferenceRuntime(time, messaging.Value), IClusterClient
{
    public Silo Silo { get; set; } = null!;

    public IServiceProvider ServiceProvider => services;

    public override bool PropagatesActivity => tracing.Value.Enabled;

    protected override GrainType? FindType(Type grainInterface, string? classNamePrefix) => types.TypeFor(grainInterface, classNamePrefix);

    protected override void Transmit(Invocation call) => Silo.Dispatch(call);
}
