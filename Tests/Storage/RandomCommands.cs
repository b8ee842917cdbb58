using System.Globalization;
using System.Text;

namespace Sluice.Tests.Storage;

/// <summary>Random commands over few keys, with many of the mistakes that clients make. Names in lower case.</summary>
internal sealed class RandomCommands(Random random)
{
    private static readonly string[] Numbers =
    [
        "0", "1", "-1", "2", "10", "100", "-100", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "007", "+1", " 1", "1 ", "", "-0", "abc", "1.5", "1e3",
    ];

    private static readonly string[] Floats =
    [
        "0", "1", "-1", "0.1", "-0.1", "3.14159", "1e3", "1.5e-3", "5.0e3", "123456789.123456789", "1e20", "-1e20", "1e300", "1e4000", "1e5000", "1e-20", "inf", "-inf", "nan", ".5", "5.",
        "abc", "", " 1", "1 ", "+2", "1e", "0.30000000000000004", "1e-5000", "9007199254740993", "00.25",
    ];

    private static readonly string[] Offsets = ["0", "1", "2", "3", "5", "-1", "-2", "-3", "-100", "100", "9223372036854775807", "-9223372036854775808", "x"];
    private static readonly string[] Patterns = ["*", "k*", "k?", "k[0-3]", "k[^0-3]", "*[13]", "k\\1", "[k]1", "k[", "", "?", "k[3-0]", "k1*", "**1", "k[0-"];

    private static readonly string[] Times = ["1", "-1", "0", "100", "1000", "9999999999", "99999999999999", "9223372036854775807", "-9223372036854775808", "x", ""];

    public Random Random { get; } = random;

    public byte[][] Next() => [.. Words().Select(Encoding.Latin1.GetBytes)];

    private string[] Words() => Random.Next(34) switch
    {
        0 or 1 => ["get", Key()],
        2 or 3 => ["set", Key(), Value()],
        4 => ["set", Key(), Value(), .. SetOptions()],
        5 => ["setex", Key(), Number(), Value()],
        6 => ["psetex", Key(), Pick("100000", "0", "-5", "x", "999999999"), Value()],
        7 => ["setnx", Key(), Value()],
        8 => ["getset", Key(), Value()],
        9 => ["getdel", Key()],
        10 => ["getex", Key(), .. GetExOptions()],
        11 => ["append", Key(), Value()],
        12 => ["strlen", Key()],
        13 => [Pick("incr", "decr"), Key()],
        14 => [Pick("incrby", "decrby"), Key(), Number()],
        15 or 16 => ["incrbyfloat", Key(), Pick(Floats)],
        17 => [Pick("getrange", "substr"), Key(), Pick(Offsets), Pick(Offsets)],
        18 => ["setrange", Key(), Pick("0", "1", "5", "10", "-1", "536870912", "9223372036854775807", "x"), Pick("", "Z", "patch")],
        19 => ["mget", .. Keys()],
        20 => ["mset", .. Pairs()],
        21 => [Pick("del", "unlink"), .. Keys()],
        22 => [Pick("exists", "touch"), .. Keys()],
        23 => ["type", Key()],
        24 => ["ttl", Key()],
        25 => [Pick("expiretime", "pexpiretime"), Key()],
        26 => [Pick("expireat", "pexpireat"), Key(), Pick(["99999999999", "9999999999999", "88888888888", .. Times]), .. ExpireOptions()],
        27 => [Pick("expire", "pexpire"), "r" + Random.Next(3), Pick(FarAhead(), FarAhead(), "-1", "0", "x", "9223372036854775807"), .. ExpireOptions()],
        28 => ["persist", Key()],
        29 => [Pick("rename", "renamenx"), Key(), Key()],
        30 => ["keys", Pick(Patterns)],
        31 => Broken(),
        32 => ["set", Key(), Pick(Floats)],
        _ => ["set", Key(), Number()],
    };

    private string[] Broken() => Pick<string[]>(
        ["get"], ["get", "a", "b"], ["set", "k1"], ["mset", "a"], ["mset"], ["del"], ["expire", "k1"], ["incrby", "k1"], ["getex", "k1", "ex"], ["set", "k1", "v", "ex"],
        ["setrange", "k1", "1"], ["rename", "a"], ["ttl"], ["append", "k1"], ["scan", "x"], ["scan", "0", "count", "0"], ["scan", "0", "match"], ["scan", "0", "count", "x"], ["flushall", "later"],
        ["scan", "0", "bogus", "1"], ["keys"], ["persist", "a", "b"]);

    private string[] SetOptions() => [.. Enumerable.Range(0, Random.Next(1, 4)).SelectMany(_ => Pick<string[]>(
        ["nx"], ["xx"], ["get"], ["keepttl"], ["NX"], ["ex", "1000"], ["px", "1000000"], ["exat", "99999999999"], ["pxat", "9999999999999"], ["ex", "0"], ["ex", "x"], ["exat", "1"], ["px", "-1"],
        ["ex", "9223372036854775807"], ["px", "9223372036854775807"], ["persist"], ["bogus"], ["ex"]))];

    private string[] GetExOptions() => Random.Next(3) == 0 ? [] : [.. Enumerable.Range(0, Random.Next(1, 3)).SelectMany(_ => Pick<string[]>(
        ["persist"], ["ex", "1000"], ["pxat", "9999999999999"], ["exat", "1"], ["px", "0"], ["ex", "x"], ["keepttl"], ["bogus"]))];

    private string[] ExpireOptions() => Random.Next(2) == 0 ? [] : [.. Enumerable.Range(0, Random.Next(1, 3)).Select(_ => Pick("nx", "xx", "gt", "lt", "GT", "bogus"))];

    // Never the same twice: with GT and LT the answer would depend on whether the clock ticked between the two commands.
    private string FarAhead() => (1_000_000 + 1_000 * Random.NextInt64(1_000_000)).ToString(CultureInfo.InvariantCulture);

    private string Key() => Random.Next(4) == 0 ? "r" + Random.Next(3) : "k" + Random.Next(5);

    private string[] Keys() => [.. Enumerable.Range(0, Random.Next(1, 5)).Select(_ => Key())];

    private string[] Pairs() => [.. Enumerable.Range(0, Random.Next(1, 4)).SelectMany(_ => new[] { Key(), Value() })];

    private string Number() => Random.Next(3) == 0 ? Pick(Numbers) : Random.NextInt64(-1000, 1000).ToString(CultureInfo.InvariantCulture);

    private string Value() => Random.Next(4) switch
    {
        0 => Number(),
        1 => Pick(Floats),
        2 => "",
        _ => new string([.. Enumerable.Range(0, Random.Next(1, 30)).Select(_ => (char)Random.Next(0, 256))]),
    };

    private T Pick<T>(params T[] choices) => choices[Random.Next(choices.Length)];
}
