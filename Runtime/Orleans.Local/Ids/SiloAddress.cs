using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orleans.Runtime;

/// <summary>One run of one silo: its endpoint, and a generation that rises with every start at that endpoint.</summary>
[Immutable, JsonConverter(typeof(SiloAddressConverter))]
public sealed class SiloAddress : IEquatable<SiloAddress>, IComparable<SiloAddress>
{
    // Generations are seconds of this machine since this date, as Orleans counts them: a restart gets a higher one.
    private static readonly long Epoch = new DateTime(2022, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;
    private static int s_lastGeneration;
    private readonly string _text;

    private SiloAddress(IPEndPoint endpoint, int generation)
    {
        Endpoint = endpoint;
        Generation = generation;
        _text = $"{Endpoint}@{generation.ToString(CultureInfo.InvariantCulture)}";
        UniformHashCode = UniformHash.Compute(_text);
    }

    public IPEndPoint Endpoint { get; }
    public int Generation { get; }

    public bool IsClient => Generation < 0;
    internal ulong UniformHashCode { get; }
    public static SiloAddress New(IPEndPoint ep, int gen) => new(ep, gen);
    public static SiloAddress New(IPAddress address, int port, int generation) => new(new IPEndPoint(address, port), generation);

    internal static int AllocateNewGeneration(TimeProvider time)
    {
        var seconds = (int)((time.GetUtcNow().UtcTicks - Epoch) / TimeSpan.TicksPerSecond);
        while (true)
        {
            var last = Volatile.Read(ref s_lastGeneration);
            var next = Math.Max(seconds, last + 1);
            if (Interlocked.CompareExchange(ref s_lastGeneration, next, last) == last)
            {
                return next;
            }
        }
    }

    public static SiloAddress FromParsableString(string addr)
    {
        var at = addr.LastIndexOf('@');
        return at > 0 && IPEndPoint.TryParse(addr.AsSpan(0, at), out var endpoint)
            && int.TryParse(addr.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var generation)
            ? New(endpoint, generation)
            : throw new FormatException($"'{addr}' is not a silo address: write it as ip:port@generation.");
    }

    public string ToParsableString() => _text;
    public bool IsSuccessorOf(SiloAddress other) => Endpoint.Equals(other.Endpoint) && Generation > other.Generation;
    public bool Equals(SiloAddress? other) => other is not null && (ReferenceEquals(this, other) || (UniformHashCode == other.UniformHashCode && _text == other._text));
    public override bool Equals(object? obj) => Equals(obj as SiloAddress);
    public override int GetHashCode() => (int)UniformHashCode;
    public int CompareTo(SiloAddress? other) => string.CompareOrdinal(_text, other?._text);
    public override string ToString() => $"{(IsClient ? 'C' : 'S')}{Endpoint}:{Generation.ToString(CultureInfo.InvariantCulture)}";
}

/// <summary>Writes a <see cref="SiloAddress"/> as <c>"ip:port@generation"</c>.</summary>
public sealed class SiloAddressConverter : JsonConverter<SiloAddress>
{
    public override SiloAddress? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        SiloAddress.FromParsableString(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, SiloAddress value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToParsableString());
}
