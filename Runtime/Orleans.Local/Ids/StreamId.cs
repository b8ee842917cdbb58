using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orleans.Runtime;

/// <summary>The identity of a stream within its provider: a namespace and a key, written <c>namespace/key</c>.</summary>
[Immutable, GenerateSerializer, JsonConverter(typeof(StreamIdJsonConverter))]
public readonly struct StreamId : IEquatable<StreamId>, IComparable<StreamId>
{
    private readonly string? _namespace;
    private readonly string? _key;

    private StreamId(string? ns, string key)
    {
        _namespace = string.IsNullOrEmpty(ns) ? null : ns;
        _key = key;
    }

    /// <summary>The key's UTF-8 bytes.</summary>
    public ReadOnlyMemory<byte> Key => Encoding.UTF8.GetBytes(_key ?? "");

    /// <summary>The namespace's UTF-8 bytes.</summary>
    public ReadOnlyMemory<byte> Namespace => Encoding.UTF8.GetBytes(_namespace ?? "");

    /// <summary>Namespace and key, one after the other.</summary>
    public ReadOnlyMemory<byte> FullKey => Encoding.UTF8.GetBytes(_namespace + _key);

    /// <summary>A stream by namespace and text key.</summary>
    public static StreamId Create(string? ns, string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new StreamId(ns, key);
    }

    /// <summary>A stream by namespace and GUID.</summary>
    public static StreamId Create(string? ns, Guid key) => new(ns, key.ToString("N"));

    /// <summary>A stream by namespace and integer.</summary>
    public static StreamId Create(string? ns, long key) => new(ns, key.ToString(CultureInfo.InvariantCulture));

    /// <summary>A stream by the UTF-8 bytes of namespace and key.</summary>
    public static StreamId Create(ReadOnlySpan<byte> ns, ReadOnlySpan<byte> key) => new(Encoding.UTF8.GetString(ns), Encoding.UTF8.GetString(key));

    /// <summary>Reads <c>namespace/key</c>; without a slash, the text is the key.</summary>
    public static StreamId Parse(ReadOnlySpan<byte> value)
    {
        var slash = value.IndexOf((byte)'/');
        return slash < 0 ? Create([], value) : Create(value[..slash], value[(slash + 1)..]);
    }

    /// <summary>The key as text.</summary>
    public string GetKeyAsString() => _key ?? "";

    /// <summary>The namespace, or null when it has none.</summary>
    public string? GetNamespace() => _namespace;

    /// <inheritdoc/>
    public bool Equals(StreamId other) => _key == other._key && _namespace == other._namespace;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is StreamId other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_namespace, _key);

    /// <inheritdoc/>
    public int CompareTo(StreamId other) => string.CompareOrdinal(ToString(), other.ToString());

    /// <inheritdoc/>
    public override string ToString() => $"{_namespace ?? "null"}/{_key}";

    /// <inheritdoc/>
    public static bool operator ==(StreamId s1, StreamId s2) => s1.Equals(s2);

    /// <inheritdoc/>
    public static bool operator !=(StreamId s1, StreamId s2) => !s1.Equals(s2);
}

/// <summary>Writes a <see cref="StreamId"/> as <c>[namespace, key]</c>.</summary>
public sealed class StreamIdJsonConverter : JsonConverter<StreamId>
{
    /// <inheritdoc/>
    public override StreamId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var parts = JsonSerializer.Deserialize<string?[]>(ref reader, options);
        return parts is [var ns, { } key] ? StreamId.Create(ns, key) : default;
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, StreamId value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, new[] { value.GetNamespace(), value.GetKeyAsString() }, options);
}
