using System.Collections.Concurrent;
using System.Reflection;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans;

/// <summary>What references are bound to: a silo, or a client outside of one. Makes references, and sends what is called on them.</summary>
internal abstract class ReferenceRuntime(TimeProvider time, MessagingOptions messaging) : IGrainFactory, IDisposable
{
    private readonly ConcurrentDictionary<Type, GrainType> _types = new();

    public abstract bool PropagatesActivity { get; }

    protected PendingCalls Pending { get; } = new(time, messaging.CancelRequestOnTimeout);

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey
    {
        ArgumentNullException.ThrowIfNull(primaryKey);
        return CreateReference<TGrainInterface>(new GrainId(TypeOf(typeof(TGrainInterface), grainClassNamePrefix), IdSpan.Create(primaryKey)));
    }

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey =>
        CreateReference<TGrainInterface>(new GrainId(TypeOf(typeof(TGrainInterface), grainClassNamePrefix), GrainIdKeyExtensions.CreateIntegerKey(primaryKey)));

    public TGrainInterface CreateReference<TGrainInterface>(GrainId grainId) => (TGrainInterface)(object)CreateReference(typeof(TGrainInterface), grainId);

    /// <summary>Sends a call that begins in this process. Never throws: what goes wrong fails the call.</summary>
    public void Send(Invocation call)
    {
        call.Timeout = call.Method.ResponseTimeout ?? messaging.ResponseTimeout;
        if (PropagatesActivity && Telemetry.Application.HasListeners())
        {
            call.StartClientSpan();
        }

        if (call.Method.CancellationIndex is >= 0 and var index && call.Arguments[index] is CancellationToken { IsCancellationRequested: true } cancelled)
        {
            call.Fail(new OperationCanceledException(cancelled));
            return;
        }

        call.TieCancellation();
        if (!call.Method.OneWay)
        {
            Pending.Add(call);
            call.Pending = Pending;
        }

        Transmit(call);
    }

    public virtual void Dispose()
    {
        Pending.Dispose();
        GC.SuppressFinalize(this);
    }

    protected abstract GrainType? FindType(Type grainInterface, string? classNamePrefix);

    protected abstract void Transmit(Invocation call);

    private GrainReference CreateReference(Type grainInterface, GrainId grainId)
    {
        var reference = (GrainReference)DispatchProxy.Create(grainInterface, typeof(GrainReference));
        reference.GrainId = grainId;
        reference.Interface = grainInterface;
        reference.Runtime = this;
        return reference;
    }

    private GrainType TypeOf(Type grainInterface, string? prefix)
    {
        if (prefix is null && _types.TryGetValue(grainInterface, out var known))
        {
            return known;
        }

        var found = FindType(grainInterface, prefix) ?? throw new ArgumentException($"Could not find an implementation for interface {grainInterface}.");
        return prefix is null ? _types.GetOrAdd(grainInterface, found) : found;
    }
}
