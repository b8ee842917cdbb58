using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans;

/// <summary>
/// Which activation each grain has. Every grain id has one owner among the active silos, by rendezvous hashing: the silo whose address
/// hashed with the id gives the highest number. The owner alone answers where a grain is and decides, one request at a time, where a new
/// one is placed; that gives one activation per grain. A silo activates a grain only when the owner's entry says so.
/// <para>
/// When membership changes, so do owners. A new owner first asks every other active silo for the activations that are now its to know
/// (recovery), and answers about a grain without an entry only after that; and every silo registers its activations with their new owner,
/// which refuses those that came second. Entries on silos that died are forgotten.
/// </para>
/// </summary>
internal sealed class GrainDirectory(PlacementService placement, Membership membership, HttpMessenger messenger, MessageCodec codec, TimeProvider time, ILogger<GrainDirectory> log)
{
    private const int MaxHops = 3;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);
    private readonly ConcurrentDictionary<GrainId, Entry> _entries = new();
    private readonly ConcurrentDictionary<GrainId, GrainAddress> _cache = new();
    private readonly Lock _lock = new();
    private SiloAddress[] _view = [];
    private volatile Task _recovered = Task.CompletedTask;

    public Silo Silo { get; set; } = null!;

    /// <summary>False when this silo leaves.</summary>
    public bool MayActivate => membership.CurrentStatus is not (SiloStatus.ShuttingDown or SiloStatus.Dead);

    public void Start() => membership.Changed += OnMembersChanged;

    /// <summary>Where the grain is active, which it becomes if it is not; from memory, if that is allowed.</summary>
    public async Task<GrainAddress> LocateAsync(Invocation call, bool mayUseCache)
    {
        var grain = call.Target;
        var owner = Owner(grain);
        if (owner.Equals(Silo.Address))
        {
            return await LocateOwnAsync(grain, () => PlaceAsync(grain, call.Origin ?? Silo.Address));
        }

        if (mayUseCache && _cache.TryGetValue(grain, out var known) && !IsGone(known))
        {
            return known;
        }

        var found = await AskAsync(owner, new LocateMessage(grain, call.Origin ?? Silo.Address, 0), call.Abandonment);
        _cache[grain] = found;
        return found;
    }

    /// <summary>The grain was not where memory said.</summary>
    public void Forget(GrainId grain) => _cache.TryRemove(grain, out _);

    public async Task UnregisterAsync(GrainAddress address)
    {
        Forget(address.GrainId);
        var owner = Owner(address.GrainId);
        if (!owner.Equals(Silo.Address))
        {
            await messenger.AskAsync<RegistrationMessage, bool>(owner.Endpoint, SiloPaths.Unregister, RegistrationMessage.Of(address), CancellationToken.None);
        }
        else
        {
            RemoveOwn(address);
        }
    }

    public async Task<LocateReply> OnLocateAsync(LocateMessage message, CancellationToken cancellationToken)
    {
        try
        {
            var owner = Owner(message.Grain);
            var address = owner.Equals(Silo.Address) || message.Hops >= MaxHops
                ? await LocateOwnAsync(message.Grain, () => PlaceAsync(message.Grain, message.Requester))
                : await AskAsync(owner, message with { Hops = message.Hops + 1 }, cancellationToken);
            return new LocateReply(RegistrationMessage.Of(address), null);
        }
        catch (Exception exception)
        {
            return new LocateReply(null, MessageCodec.Encode(exception));
        }
    }

    public Task<bool> OnUnregisterAsync(RegistrationMessage message, CancellationToken cancellationToken)
    {
        RemoveOwn(message.ToAddress());
        return Task.FromResult(true);
    }

    /// <summary>Takes an activation made under an earlier owner; answers with the one that counts.</summary>
    public Task<RegistrationMessage> OnRegisterAsync(RegistrationMessage message, CancellationToken cancellationToken) =>
        Task.FromResult(RegistrationMessage.Of(Adopt(message.ToAddress())));

    /// <summary>Gives a new owner what is its to know. From now on this silo asks the new owner, so that nothing is left out.</summary>
    public Task<RegistrationMessage[]> OnRecoverAsync(RecoverMessage message, CancellationToken cancellationToken)
    {
        membership.Heard(message.View);
        lock (_lock)
        {
            return Task.FromResult(Silo.Activations.Where(a => message.Owner.Equals(OwnerAmong(message.Silos, a.GrainId))).Select(a => RegistrationMessage.Of(a.Address)).ToArray());
        }
    }

    /// <summary>Activates a grain unless its owner has changed since it was asked: then null, and the new one is to be asked.</summary>
    public Activation? ActivateUnlessMoved(GrainAddress address, SiloAddress owner, Func<GrainAddress, Activation> activate)
    {
        lock (_lock)
        {
            return Owner(address.GrainId).Equals(owner) ? activate(address) : null;
        }
    }

    private static SiloAddress? OwnerAmong(SiloAddress[] silos, GrainId grain)
    {
        var hash = UniformHash.Compute(grain.Key.ToString(), UniformHash.Compute(grain.Type.ToString()));
        SiloAddress? owner = null;
        ulong highest = 0;
        foreach (var silo in silos)
        {
            var weight = UniformHash.Mix(silo.UniformHashCode ^ hash);
            if (owner is null || weight > highest)
            {
                (owner, highest) = (silo, weight);
            }
        }

        return owner;
    }

    public SiloAddress Owner(GrainId grain) => OwnerAmong(membership.Active, grain) ?? Silo.Address;

    private async Task<GrainAddress> AskAsync(SiloAddress owner, LocateMessage message, CancellationToken cancellationToken)
    {
        var reply = await messenger.AskAsync<LocateMessage, LocateReply>(owner.Endpoint, SiloPaths.Locate, message, cancellationToken);
        return reply.Address?.ToAddress() ?? throw codec.Decode(reply.Error!);
    }

    private async Task<GrainAddress> LocateOwnAsync(GrainId grain, Func<Task<GrainAddress>> place)
    {
        while (true)
        {
            var recovered = _recovered;
            var entry = _entries.GetOrAdd(grain, static _ => new Entry());
            Task<GrainAddress>? address = null;
            lock (entry)
            {
                if (entry.Address is { IsFaulted: false, IsCanceled: false } known && !(known.IsCompletedSuccessfully && IsGone(known.Result)))
                {
                    address = known;
                }
                else if (recovered.IsCompleted)
                {
                    address = entry.Address = place();
                }
            }

            if (address is not null)
            {
                return await address;
            }

            await recovered;
        }
    }

    private bool IsGone(GrainAddress address) =>
        !Silo.Address.Equals(address.SiloAddress) && membership.GetApproximateSiloStatus(address.SiloAddress!) is SiloStatus.Dead or SiloStatus.None;

    private async Task<GrainAddress> PlaceAsync(GrainId grain, SiloAddress requester)
    {
        // Not on the caller's thread, which holds the entry.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var silo = await placement.PlaceAsync(Silo.Types.ClassOf(grain.Type), new PlacementTarget(grain), requester);
        return new GrainAddress { GrainId = grain, ActivationId = ActivationId.NewId(), SiloAddress = silo };
    }

    private GrainAddress Adopt(GrainAddress address)
    {
        var entry = _entries.GetOrAdd(address.GrainId, static _ => new Entry());
        lock (entry)
        {
            if (entry.Address is { IsCompletedSuccessfully: true } known && !IsGone(known.Result))
            {
                return known.Result;
            }

            entry.Address = Task.FromResult(address);
            return address;
        }
    }

    private void RemoveOwn(GrainAddress address)
    {
        if (_entries.TryGetValue(address.GrainId, out var entry))
        {
            lock (entry)
            {
                if (entry.Address is { IsCompletedSuccessfully: true } known && known.Result.ActivationId == address.ActivationId)
                {
                    entry.Address = null;
                }
            }
        }
    }

    private void OnMembersChanged()
    {
        lock (_lock)
        {
            var before = _view;
            _view = membership.Active;
            if (!_view.Contains(Silo.Address))
            {
                return;
            }

            // From those that are shutting down, too: their grains are still there.
            _recovered = RecoverAsync(_view, membership.OthersWithGrains());
            foreach (var activation in Silo.Activations.Where(a => !Equals(OwnerAmong(before, a.GrainId), OwnerAmong(_view, a.GrainId))))
            {
                _ = ReregisterAsync(activation);
            }
        }

        foreach (var grain in _entries.Keys.Where(g => !Owner(g).Equals(Silo.Address)))
        {
            _entries.TryRemove(grain, out _);
        }
    }

    private Task RecoverAsync(SiloAddress[] view, SiloAddress[] others) => Task.WhenAll(others.Select(async silo =>
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (ReferenceEquals(view, membership.Active) && !membership.IsDeadSilo(silo))
        {
            try
            {
                using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(2), time);
                foreach (var registration in await messenger.AskAsync<RecoverMessage, RegistrationMessage[]>(silo.Endpoint, SiloPaths.Recover, new RecoverMessage(Silo.Address, view, membership.Gossip()), timeout.Token))
                {
                    Adopt(registration.ToAddress());
                }

                return;
            }
            catch (Exception exception) when (exception is OrleansException or OperationCanceledException)
            {
                log.DirectoryRetry(silo, exception);
                await Task.Delay(RetryDelay, time);
            }
        }
    }));

    private async Task ReregisterAsync(Activation activation)
    {
        while (!activation.Deactivated.IsCompleted)
        {
            var owner = Owner(activation.GrainId);
            try
            {
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                var winner = owner.Equals(Silo.Address) ? Adopt(activation.Address)
                    : (await messenger.AskAsync<RegistrationMessage, RegistrationMessage>(owner.Endpoint, SiloPaths.Register, RegistrationMessage.Of(activation.Address), CancellationToken.None)).ToAddress();
                if (winner.ActivationId != activation.ActivationId)
                {
                    log.DuplicateFound(activation.GrainId);
                    activation.Deactivate(new DeactivationReason(DeactivationReasonCode.DuplicateActivation, $"The grain is active as {winner}"), CancellationToken.None);
                }

                return;
            }
            catch (Exception exception) when (exception is OrleansException or OperationCanceledException)
            {
                log.DirectoryRetry(owner, exception);
                await Task.Delay(RetryDelay, time);
            }
        }
    }

    private sealed class Entry
    {
        public Task<GrainAddress>? Address { get; set; }
    }
}
