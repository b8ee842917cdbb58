using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans;

/// <summary>
/// This silo's view of its cluster. There is no table: every silo sends a heartbeat each <see cref="ClusterMembershipOptions.ProbeTimeout"/>
/// to every seed and every member it has heard of, saying who it is and whom it knows, and is answered in kind. A member is alive while it
/// is heard, in either direction; dead when it says so itself, when a later run at its endpoint is heard, when its port refuses two
/// heartbeats in a row (the process is gone), or when nothing was heard for <see cref="ClusterMembershipOptions.NumMissedProbesLimit"/>
/// heartbeats (it hangs, or the network is cut). Time in which this process itself did not run is not counted against others. Each silo
/// judges for itself, so that a cut network gives two clusters, which become one when it heals: see README.md.
/// </summary>
internal sealed class Membership : ISiloStatusOracle, IDisposable
{
    private readonly LocalSilo _local;
    private readonly HttpMessenger _messenger;
    private readonly TimeProvider _time;
    private readonly ILogger<Membership> _log;
    private readonly ClusterMembershipOptions _options;
    private readonly HashSet<IPEndPoint> _seeds;
    private readonly Dictionary<IPEndPoint, Member> _members = [];
    private readonly Lock _lock = new();
    private volatile bool _silent;
    private ITimer? _timer;
    private long _lastTick;
    private volatile SiloAddress[] _active = [];

    public Membership(LocalSilo local, HttpMessenger messenger, TimeProvider time, IConfiguration configuration, IOptions<ClusterMembershipOptions> options, IOptions<DevelopmentClusterMembershipOptions> development, ILogger<Membership> log)
    {
        _local = local;
        _messenger = messenger;
        _time = time;
        _log = log;
        _options = options.Value;
        _seeds = [.. configuration.GetSection("Orleans:Clustering:Seeds").GetChildren().Select(s => ParseSeed(s.Value))];
        if (development.Value.PrimarySiloEndpoint is { } primary)
        {
            _seeds.Add(primary);
        }

        _seeds.Remove(local.SiloAddress.Endpoint);
    }

    /// <summary>The active silos have changed.</summary>
    public event Action? Changed;

    /// <summary>A silo has died.</summary>
    public event Action<SiloAddress>? Died;

    public SiloStatus CurrentStatus { get; private set; } = SiloStatus.Created;

    public string SiloName => _local.Name;

    public SiloAddress SiloAddress => _local.SiloAddress;

    /// <summary>The active silos in order of their addresses.</summary>
    public SiloAddress[] Active => _active;

    private MemberEntry Self => new(SiloAddress, SiloName, CurrentStatus);

    /// <summary>Greets the seeds, and waits for those that answer or refuse at once; those that do neither are waited for no longer than one heartbeat.</summary>
    public async Task JoinAsync()
    {
        SetStatus(SiloStatus.Joining);
        await BeatAllAsync();
        _lastTick = _time.GetTimestamp();
        _timer = _time.CreateTimer(_ => Tick(), null, _options.ProbeTimeout, _options.ProbeTimeout);
    }

    /// <summary>Takes another status and tells all members before it returns.</summary>
    public Task AnnounceAsync(SiloStatus status)
    {
        SetStatus(status);
        return _silent ? Task.CompletedTask : BeatAllAsync();
    }

    /// <summary>Sends and answers nothing any more, as a process that died.</summary>
    public void FallSilent()
    {
        _silent = true;
        Dispose();
    }

    public void Dispose() => _timer?.Dispose();

    /// <summary>Answers a heartbeat.</summary>
    public Task<GossipMessage> ReceiveAsync(GossipMessage message, CancellationToken cancellationToken)
    {
        if (_silent)
        {
            throw new OrleansException("This silo was killed.");
        }

        Heard(message);
        return Task.FromResult(Gossip());
    }

    public SiloAddress[] GetActiveSilos() => [.. _active];

    public SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress)
    {
        lock (_lock)
        {
            return siloAddress.Equals(SiloAddress) ? CurrentStatus
                : !_members.TryGetValue(siloAddress.Endpoint, out var member) ? SiloStatus.None
                : member.Entry.Address.Equals(siloAddress) ? member.Entry.Status
                : member.Entry.Address.IsSuccessorOf(siloAddress) ? SiloStatus.Dead : SiloStatus.None;
        }
    }

    /// <summary>The other silos that have grains, among them those that are shutting down.</summary>
    public SiloAddress[] OthersWithGrains()
    {
        lock (_lock)
        {
            return [.. _members.Values.Select(m => m.Entry).Where(e => e.Status is SiloStatus.Active or SiloStatus.ShuttingDown).Select(e => e.Address)];
        }
    }

    public bool TryGetSiloName(SiloAddress siloAddress, out string? siloName)
    {
        lock (_lock)
        {
            siloName = siloAddress.Equals(SiloAddress) ? SiloName
                : _members.TryGetValue(siloAddress.Endpoint, out var member) && member.Entry.Address.Equals(siloAddress) ? member.Entry.Name : null;
            return siloName is not null;
        }
    }

    public bool IsDeadSilo(SiloAddress silo) => GetApproximateSiloStatus(silo) == SiloStatus.Dead;

    private static IPEndPoint ParseSeed(string? text) => IPEndPoint.TryParse(text ?? "", out var endpoint) && endpoint.Port != 0 ? endpoint
        : throw new OrleansConfigurationException($"Orleans:Clustering:Seeds has '{text}': write each seed as ip:port.");

    private void Tick()
    {
        var now = _time.GetTimestamp();
        var late = _time.GetElapsedTime(_lastTick, now) - (2 * _options.ProbeTimeout);
        _lastTick = now;
        var limit = _options.ProbeTimeout * _options.NumMissedProbesLimit;
        List<MemberEntry> died = [];
        lock (_lock)
        {
            foreach (var member in _members.Values.Where(m => m.Entry.Status != SiloStatus.Dead))
            {
                if (late > TimeSpan.Zero)
                {
                    member.LastHeard += (long)(late.TotalSeconds * _time.TimestampFrequency);
                }

                if (_time.GetElapsedTime(member.LastHeard, now) >= limit || member.Refusals >= 2)
                {
                    member.Entry = member.Entry with { Status = SiloStatus.Dead };
                    died.Add(member.Entry);
                }
            }
        }

        Publish(died);
        _ = BeatAllAsync();
    }

    private Task BeatAllAsync()
    {
        IPEndPoint[] peers;
        lock (_lock)
        {
            peers = [.. _seeds.Union(_members.Where(m => m.Value.Entry.Status != SiloStatus.Dead).Select(m => m.Key))];
        }

        return Task.WhenAll(peers.Select(BeatAsync));
    }

    private async Task BeatAsync(IPEndPoint peer)
    {
        try
        {
            using var timeout = new CancellationTokenSource(_options.ProbeTimeout, _time);
            Heard(await _messenger.AskAsync<GossipMessage, GossipMessage>(peer, SiloPaths.Members, Gossip(), timeout.Token));
        }
        catch (NotDeliveredException exception) when (exception.Refused)
        {
            lock (_lock)
            {
                if (_members.TryGetValue(peer, out var member))
                {
                    member.Refusals++;
                }
            }
        }
        catch (OrleansMessageRejectionException exception) when (exception is not SiloUnavailableException)
        {
            _log.HeartbeatRefused(peer, exception);
        }
        catch (Exception exception) when (exception is OperationCanceledException or OrleansException)
        {
            // Not heard: what follows from that is the tick's to judge.
        }
    }

    public GossipMessage Gossip()
    {
        lock (_lock)
        {
            return new GossipMessage(Self, [.. _members.Values.Select(m => m.Entry).Where(e => e.Status != SiloStatus.Dead)]);
        }
    }

    public void Heard(GossipMessage message)
    {
        List<MemberEntry> changed = [];
        lock (_lock)
        {
            Learn(message.From, heard: true, changed);

            // Hearsay makes a silo known, so that it is sent heartbeats; only they make it a member. That one leaves is true whoever says it.
            foreach (var other in message.Others)
            {
                Learn(other.Status == SiloStatus.ShuttingDown ? other : other with { Status = SiloStatus.Created }, heard: false, changed);
            }
        }

        Publish(changed);
    }

    private void Learn(MemberEntry entry, bool heard, List<MemberEntry> changed)
    {
        if (entry.Address.Endpoint.Equals(SiloAddress.Endpoint))
        {
            return;
        }

        if (!_members.TryGetValue(entry.Address.Endpoint, out var member) || entry.Address.IsSuccessorOf(member.Entry.Address))
        {
            if (member is not null && member.Entry.Status != SiloStatus.Dead)
            {
                changed.Add(member.Entry with { Status = SiloStatus.Dead });
            }

            _members[entry.Address.Endpoint] = new Member(entry, _time.GetTimestamp());
            changed.Add(entry);
        }
        else if (!heard && entry.Status == SiloStatus.ShuttingDown && member.Entry.Status == SiloStatus.Active && entry.Address.Equals(member.Entry.Address))
        {
            member.Entry = entry;
            changed.Add(entry);
        }
        else if (heard && entry.Address.Equals(member.Entry.Address))
        {
            member.LastHeard = _time.GetTimestamp();
            member.Refusals = 0;
            if (member.Entry.Status != entry.Status)
            {
                member.Entry = entry;
                changed.Add(entry);
            }
        }
    }

    private void SetStatus(SiloStatus status)
    {
        CurrentStatus = status;
        Publish([Self]);
    }

    private void Publish(List<MemberEntry> changed)
    {
        if (changed.Count == 0)
        {
            return;
        }

        bool differs;
        lock (_lock)
        {
            SiloAddress[] active = [.. _members.Values.Select(m => m.Entry).Append(Self).Where(e => e.Status == SiloStatus.Active).Select(e => e.Address).Order()];
            differs = !active.SequenceEqual(_active);

            // The same array as long as the members are the same: the directory tells views apart by it.
            _active = differs ? active : _active;
        }

        foreach (var entry in changed.Where(e => e.Status != SiloStatus.Created))
        {
            _log.MemberChanged(entry.Address, entry.Name, entry.Status);
        }

        if (differs)
        {
            Changed?.Invoke();
        }

        foreach (var entry in changed.Where(e => e.Status == SiloStatus.Dead))
        {
            Died?.Invoke(entry.Address);
        }
    }

    private sealed class Member(MemberEntry entry, long now)
    {
        public MemberEntry Entry { get; set; } = entry;

        public long LastHeard { get; set; } = now;

        public int Refusals { get; set; }
    }
}

/// <summary>The paths of messages between silos, and of clients to gateways.</summary>
internal static class SiloPaths
{
    public const string Call = "/orleans/call";
    public const string Locate = "/orleans/locate";
    public const string Register = "/orleans/register";
    public const string Unregister = "/orleans/unregister";
    public const string Recover = "/orleans/recover";
    public const string Members = "/orleans/members";
    public const string Manifest = "/orleans/manifest";
}
