using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orleans.Runtime;

/// <summary>The identity of a stream within its provider: a namespace and a key, written <c>namespace/key</c>.</summary>
[Immutable, JsonConverter(typeof(StreamIdJsonConverter))]
public readonly record struct StreamId : IComparable<StreamId>
{
    private readonly string? _namespace;
    private readonly string? _key;

    private StreamId(string? ns, string key) => (_namespace, _key) = (string.IsNullOrEmpty(ns) ? null : ns, key);

    public static StreamId Create(string? ns, string key) => new(ns, key);
    public string GetKeyAsString() => _key ?? "";
    public string? GetNamespace() => _namespace;
    public int CompareTo(StreamId other) => string.CompareOrdinal(ToString(), other.ToString());
    public override string ToString() => $"{_namespace ?? "null"}/{_key}";
}

/// <summary>Writes a <see cref="StreamId"/> as <c>[namespace, key]</c>.</summary>
public sealed class StreamIdJsonConverter : JsonConverter<StreamId>
{
    public override StreamId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonSerializer.Deserialize<string?[]>(ref reader, options) is [var ns, { } key] ? StreamId.Create(ns, key) : default;

    public override void Write(Utf8JsonWriter writer, StreamId value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, new[] { value.GetNamespace(), value.GetKeyAsString() }, options);
}
