using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orleans.Runtime;

/// <summary>A part of an identity: text, compared byte by byte.</summary>
public readonly record struct IdSpan : IComparable<IdSpan>
{
    private readonly string? _value;

    private IdSpan(string value) => _value = value;

    public bool IsDefault => _value is null;
    public static IdSpan Create(string id) => new(id);
    public int CompareTo(IdSpan other) => string.CompareOrdinal(_value, other._value);
    public override string ToString() => _value ?? "";
}

/// <summary>The kind of a grain: the class that implements it, by a short name such as <c>shard</c>.</summary>
public readonly record struct GrainType(IdSpan Value) : IComparable<GrainType>
{
    public bool IsDefault => Value.IsDefault;
    public static GrainType Create(string value) => new(IdSpan.Create(value));
    public int CompareTo(GrainType other) => Value.CompareTo(other.Value);
    public override string ToString() => Value.ToString();
}

/// <summary>The name of a grain interface on the wire: its alias or its full name.</summary>
public readonly record struct GrainInterfaceType(IdSpan Value)
{
    public static GrainInterfaceType Create(string value) => new(IdSpan.Create(value));
    public override string ToString() => Value.ToString();
}

/// <summary>The identity of a grain: its type and its key, written <c>type/key</c>. Integer keys are in hexadecimal.</summary>
[JsonConverter(typeof(GrainIdJsonConverter))]
public readonly record struct GrainId(GrainType Type, IdSpan Key) : IComparable<GrainId>
{
    public bool IsDefault => Type.IsDefault && Key.IsDefault;
    public static GrainId Create(string type, string key) => new(GrainType.Create(type), IdSpan.Create(key));

    /// <exception cref="FormatException">The text has no slash.</exception>
    public static GrainId Parse(string value) => value.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash
        ? Create(value[..slash], value[(slash + 1)..])
        : throw new FormatException($"'{value}' is not a grain id: write it as type/key.");

    public int CompareTo(GrainId other) => Type.CompareTo(other.Type) is not 0 and var byType ? byType : Key.CompareTo(other.Key);
    public override string ToString() => $"{Type}/{Key}";
}

/// <summary>Writes a <see cref="GrainId"/> as <c>"type/key"</c>.</summary>
public sealed class GrainIdJsonConverter : JsonConverter<GrainId>
{
    public override GrainId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetString() is { Length: > 0 } text ? GrainId.Parse(text) : default;

    public override void Write(Utf8JsonWriter writer, GrainId value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.IsDefault ? "" : value.ToString());
}

/// <summary>Integer keys of grain ids.</summary>
public static class GrainIdKeyExtensions
{
    public static IdSpan CreateIntegerKey(long key) => IdSpan.Create(key.ToString("X", CultureInfo.InvariantCulture));
}

/// <summary>One life of a grain in memory.</summary>
public readonly record struct ActivationId(Guid Key)
{
    public static ActivationId NewId() => new(Guid.NewGuid());
    public static ActivationId FromParsableString(string activationId) => new(Guid.ParseExact(activationId.AsSpan(1), "N"));
    public string ToParsableString() => ToString();
    public override string ToString() => $"@{Key:N}";
}

/// <summary>Where a grain is active: an entry of the grain directory.</summary>
public sealed record GrainAddress
{
    public GrainId GrainId { get; init; }
    public ActivationId ActivationId { get; init; }
    public SiloAddress? SiloAddress { get; init; }
    public override string ToString() => $"[{GrainId} {ActivationId} on {SiloAddress}]";
}

/// <summary>FNV-1a over UTF-16 code units with a final avalanche (the finalizer of MurmurHash3): the same in every process, well spread in all bits.</summary>
internal static class UniformHash
{
    public static ulong Compute(string text, ulong seed = 14695981039346656037)
    {
        foreach (var c in text)
        {
            seed = (seed ^ c) * 1099511628211;
        }

        return Mix(seed);
    }

    public static ulong Mix(ulong hash)
    {
        hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
        hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
        return hash ^ (hash >> 33);
    }
}
