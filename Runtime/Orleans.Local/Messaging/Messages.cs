using System.Text.Json;
using Orleans.Runtime;

namespace Orleans;

/// <summary>A call on its way to another process. Its arguments are read by the types of the method's parameters.</summary>
internal sealed record CallMessage
{
    /// <summary>The silo it is meant for; null on the way to a gateway. A later silo at the same endpoint refuses it.</summary>
    public SiloAddress? Silo { get; init; }

    public required string Grain { get; init; }

    public required string Interface { get; init; }

    public required string Method { get; init; }

    public JsonElement Arguments { get; init; }

    public string? TraceParent { get; init; }

    public string? TraceState { get; init; }

    public double TimeoutSeconds { get; init; }

    public int Hops { get; init; }

    public SiloAddress? Origin { get; init; }
}

/// <summary>The answer to a call: its result, or what went wrong.</summary>
internal sealed record CallReply
{
    public JsonElement? Result { get; init; }

    public ErrorMessage? Error { get; init; }

    /// <summary>The grain was not where the sender thought.</summary>
    public bool Moved { get; init; }
}

/// <summary>An exception on its way.</summary>
internal sealed record ErrorMessage
{
    public required string Type { get; init; }

    public required string Message { get; init; }

    public string? StackTrace { get; init; }

    public Dictionary<string, JsonElement>? Members { get; init; }

    public ErrorMessage? Inner { get; init; }
}

/// <summary>Asks the directory's owner of a grain where it is active, or to place it.</summary>
internal sealed record LocateMessage(GrainId Grain, SiloAddress Requester, int Hops);

/// <summary>An activation: an entry of the directory.</summary>
internal sealed record RegistrationMessage(GrainId Grain, string Activation, SiloAddress Silo)
{
    public static RegistrationMessage Of(GrainAddress address) => new(address.GrainId, address.ActivationId.ToParsableString(), address.SiloAddress!);

    public GrainAddress ToAddress() => new() { GrainId = Grain, ActivationId = ActivationId.FromParsableString(Activation), SiloAddress = Silo };
}

/// <summary>The answer to <see cref="LocateMessage"/>.</summary>
internal sealed record LocateReply(RegistrationMessage? Address, ErrorMessage? Error);

/// <summary>Asks a silo for its activations whose directory entries belong to <paramref name="Owner"/> among <paramref name="Silos"/>.</summary>
internal sealed record RecoverMessage(SiloAddress Owner, SiloAddress[] Silos, GossipMessage View);

/// <summary>A member as it says of itself, or as others have heard.</summary>
internal sealed record MemberEntry(SiloAddress Address, string Name, SiloStatus Status);

/// <summary>A heartbeat: the sender, and whom it knows.</summary>
internal sealed record GossipMessage(MemberEntry From, MemberEntry[] Others);

/// <summary>What a client must know of a cluster: the grain type of each grain interface.</summary>
internal sealed record ManifestMessage(Dictionary<string, string> GrainTypes);
