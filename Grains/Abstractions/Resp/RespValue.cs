using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Sluice.Resp;

/// <summary>The types of RESP2 and RESP3 replies.</summary>
public enum RespKind
{
    /// <summary><c>+</c></summary>
    SimpleString,

    /// <summary><c>-</c> and <c>!</c></summary>
    Error,

    /// <summary><c>:</c></summary>
    Integer,

    /// <summary><c>$</c></summary>
    BulkString,

    /// <summary><c>=</c>; the three letters of the format and the colon are left out.</summary>
    VerbatimString,

    /// <summary><c>_</c>, <c>$-1</c> and <c>*-1</c></summary>
    Null,

    /// <summary><c>#</c></summary>
    Boolean,

    /// <summary><c>,</c></summary>
    Double,

    /// <summary><c>(</c></summary>
    BigNumber,

    /// <summary><c>*</c></summary>
    Array,

    /// <summary><c>~</c></summary>
    Set,

    /// <summary><c>%</c>: keys and values in turn.</summary>
    Map,

    /// <summary><c>&gt;</c></summary>
    Push,
}

/// <summary>A reply that was read.</summary>
public sealed record RespValue
{
    /// <summary>Its type.</summary>
    public required RespKind Kind { get; init; }

    /// <summary>The bytes of a string, an error, a double or a big number; empty for the others.</summary>
    public ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>An integer's value; 1 or 0 for a boolean.</summary>
    public long Integer { get; init; }

    /// <summary>The elements of an array, set, push or map (keys and values in turn).</summary>
    public ImmutableArray<RespValue> Items { get; init; } = [];

    /// <summary>True for a null of either protocol.</summary>
    public bool IsNull => Kind == RespKind.Null;

    /// <summary>True for an error.</summary>
    public bool IsError => Kind == RespKind.Error;

    /// <summary>The bytes as UTF-8 text, or a number's digits.</summary>
    public string Text => Kind is RespKind.Integer or RespKind.Boolean
        ? Integer.ToString(CultureInfo.InvariantCulture)
        : Encoding.UTF8.GetString(Bytes.Span);

    /// <summary>For people and test output, in the manner of redis-cli.</summary>
    public override string ToString() => Kind switch
    {
        RespKind.Null => "(nil)",
        RespKind.Error => $"(error) {Text}",
        RespKind.Integer => $"(integer) {Text}",
        RespKind.Array or RespKind.Set or RespKind.Map or RespKind.Push => $"{Kind}[{string.Join(", ", Items)}]",
        _ => $"\"{Text}\"",
    };
}
