namespace Orleans.Runtime;

/// <summary>One life of a grain in memory.</summary>
public readonly struct ActivationId(Guid key) : IEquatable<ActivationId>
{
    internal Guid Value { get; } = key;

    /// <summary>True when nothing was ever assigned.</summary>
    public bool IsDefault => Value == Guid.Empty;

    /// <summary>A new, unique id.</summary>
    public static ActivationId NewId() => new(Guid.NewGuid());

    /// <summary>Reads what <see cref="ToParsableString"/> wrote.</summary>
    public static ActivationId FromParsableString(string activationId) => new(Guid.ParseExact(activationId.AsSpan(1), "N"));

    /// <summary>Writes the id so that <see cref="FromParsableString"/> reads it.</summary>
    public string ToParsableString() => ToString();

    /// <inheritdoc/>
    public bool Equals(ActivationId other) => Value == other.Value;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ActivationId other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => $"@{Value:N}";

    /// <inheritdoc/>
    public static bool operator ==(ActivationId left, ActivationId right) => left.Equals(right);

    /// <inheritdoc/>
    public static bool operator !=(ActivationId left, ActivationId right) => !left.Equals(right);
}

/// <summary>Where a grain is active: an entry of the grain directory.</summary>
public sealed class GrainAddress : IEquatable<GrainAddress>
{
    /// <summary>The grain.</summary>
    public GrainId GrainId { get; init; }

    /// <summary>Its present life.</summary>
    public ActivationId ActivationId { get; init; }

    /// <summary>The silo that holds it.</summary>
    public SiloAddress? SiloAddress { get; init; }

    /// <inheritdoc/>
    public bool Equals(GrainAddress? other) => other is not null && GrainId == other.GrainId && ActivationId == other.ActivationId && Equals(SiloAddress, other.SiloAddress);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GrainAddress);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(GrainId, ActivationId);

    /// <inheritdoc/>
    public override string ToString() => $"[{GrainId} {ActivationId} on {SiloAddress}]";
}
