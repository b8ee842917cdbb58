using System.Collections.Concurrent;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans;

/// <summary>Which activation each grain has.</summary>
internal sealed class GrainDirectory(PlacementService placement)
{
    private readonly ConcurrentDictionary<GrainId, Entry> _entries = new();

    public Silo Silo { get; set; } = null!;

    public Task<GrainAddress> LocateAsync(Invocation call)
    {
        var entry = _entries.GetOrAdd(call.Target, static _ => new Entry());
        lock (entry)
        {
            if (entry.Address is { IsFaulted: false } known)
            {
                return known;
            }

            return entry.Address = PlaceAsync(call);
        }
    }

    public Task UnregisterAsync(GrainAddress address)
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

        return Task.CompletedTask;
    }

    private async Task<GrainAddress> PlaceAsync(Invocation call)
    {
        var target = new PlacementTarget(call.Target, call.Context?.ToDictionary() ?? [], GrainInterfaceType.Create(call.Method.InterfaceName), 0);
        var silo = await placement.PlaceAsync(Silo.Types.ClassOf(call.Target.Type), target, call.Origin ?? Silo.Address);
        return new GrainAddress { GrainId = call.Target, ActivationId = ActivationId.NewId(), SiloAddress = silo };
    }

    private sealed class Entry
    {
        public Task<GrainAddress>? Address { get; set; }
    }
}
