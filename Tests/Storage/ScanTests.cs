using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Sluice.Storage;
using Sluice.Storage.Commands;

namespace Sluice.Tests.Storage;

public sealed class ScanTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void A_key_that_is_there_all_the_time_is_returned_whatever_else_changes(int count)
    {
        using var partition = new PartitionUnderTest();
        var random = new Random(count);
        var stable = Enumerable.Range(0, 300).Select(i => $"stable{i}").ToHashSet();
        foreach (var key in stable)
        {
            partition.Do($"set {key} v");
        }

        var seen = new HashSet<string>();
        var cursor = "0";
        var rounds = 0;
        do
        {
            (cursor, var keys) = Scan(partition, $"scan {cursor} count {count}");
            seen.UnionWith(keys);
            for (var i = 0; i < 5; i++)
            {
                partition.Do($"{(random.Next(2) == 0 ? "set" : "getset")} other{random.Next(200)} v");
                partition.Do($"del other{random.Next(200)}");
            }

            Assert.True(++rounds < 3000, "the walk ends");
        }
        while (cursor != "0");
        Assert.Subset(seen, stable);
    }

    [Fact]
    public void Cursors_of_shards_can_be_chained()
    {
        var seen = new List<string>();
        var expected = Enumerable.Range(0, 200).Select(i => $"key{i}").ToArray();
        for (var shard = 0; shard < 3; shard++)
        {
            using var partition = new PartitionUnderTest(shard: shard, shardCount: 3);
            foreach (var key in expected.Where(key => HashSlot.ToShard(HashSlot.Of(Encoding.UTF8.GetBytes(key)), 3) == shard))
            {
                partition.Do($"set {key} v");
            }

            // As the gateway goes on when the shard before has replied 0.
            var cursor = ((long)HashSlot.FirstOfShard(shard, 3) << 32).ToString(CultureInfo.InvariantCulture);
            do
            {
                (cursor, var keys) = Scan(partition, $"scan {cursor} count 13");
                seen.AddRange(keys);
                Assert.True(cursor == "0" || HashSlot.ToShard((int)(long.Parse(cursor, CultureInfo.InvariantCulture) >> 32), 3) == shard, "a cursor names its shard");
            }
            while (cursor != "0");
            Assert.StartsWith("$", partition.Do("randomkey"));
        }

        Assert.Equal(expected.Order(), seen.Order());
    }

    [Fact]
    public void Expired_keys_are_not_shown_to_who_walks_over_the_keys()
    {
        using var partition = new PartitionUnderTest();
        partition.DoAll("set a 1", "set b 1 px 100", "set c 1 px 100");
        partition.Clock.Advance(TimeSpan.FromMilliseconds(101));
        Assert.Equal(["*1\r\n$1\r\na\r\n", ":1\r\n", "$1\r\na\r\n", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n"], partition.DoAll("keys *", "dbsize", "randomkey", "scan 0"));
    }

    [Fact]
    public void Random_keys_come_from_everywhere()
    {
        using var partition = new PartitionUnderTest();
        Assert.Equal("$-1\r\n", partition.Do("randomkey"));
        for (var i = 0; i < 20; i++)
        {
            partition.Do($"set key{i} v");
        }

        Assert.InRange(Enumerable.Range(0, 1000).Select(_ => partition.Do("randomkey")).Distinct().Count(), 15, 20);
    }

    [Fact]
    public void Scan_filters_by_pattern_and_type()
    {
        using var partition = new PartitionUnderTest();
        partition.DoAll("set apple 1", "set avocado 1", "set banana 1");
        Assert.Equal(["apple", "avocado"], Scan(partition, "scan 0 match a* type STRING count 100").Keys.Order());
        Assert.Empty(Scan(partition, "scan 0 type list").Keys);
        Assert.Equal("0", Scan(partition, "scan 999999999999999999").Cursor);
    }

    [Fact]
    public void Patterns_match_as_a_naive_matcher_says()
    {
        var letters = Gen.Elements('a', 'b', '*', '?', '[', ']', '^', '-', '\\');
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(20_000), Prop.ForAll(
            Gen.ArrayOf(letters).Resize(8).ToArbitrary(),
            Gen.ArrayOf(Gen.Elements('a', 'b', ']', '-')).Resize(6).ToArbitrary(),
            (pattern, text) => GlobPattern.Matches(Latin(pattern), Latin(text)) == Naive(Latin(pattern), Latin(text))));
    }

    [Fact]
    public void A_pattern_made_to_take_long_does_not() =>
        Assert.False(GlobPattern.Matches(Latin([.. Enumerable.Repeat("a*", 200).SelectMany(part => part), 'b']), Latin([.. Enumerable.Repeat('a', 5000)])));

    private static byte[] Latin(char[] text) => Encoding.Latin1.GetBytes(text);

    /// <summary>Redis' stringmatchlen, line by line: recursive, and exponential.</summary>
    private static bool Naive(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text)
    {
        if (pattern.IsEmpty || text.IsEmpty)
        {
            return text.IsEmpty && pattern.TrimStart((byte)'*').IsEmpty;
        }

        if (pattern[0] == '*')
        {
            return Naive(pattern[1..], text) || Naive(pattern, text[1..]);
        }

        if (pattern[0] == '?')
        {
            return Naive(pattern[1..], text[1..]);
        }

        if (pattern[0] == '\\' && pattern.Length > 1)
        {
            return pattern[1] == text[0] && Naive(pattern[2..], text[1..]);
        }

        if (pattern[0] != '[')
        {
            return pattern[0] == text[0] && Naive(pattern[1..], text[1..]);
        }

        var rest = pattern[1..];
        var not = !rest.IsEmpty && rest[0] == '^';
        rest = not ? rest[1..] : rest;
        var match = false;
        while (!rest.IsEmpty && rest[0] != ']')
        {
            if (rest[0] == '\\' && rest.Length >= 2)
            {
                match |= rest[1] == text[0];
                rest = rest[2..];
            }
            else if (rest.Length >= 3 && rest[1] == '-')
            {
                match |= text[0] >= Math.Min(rest[0], rest[2]) && text[0] <= Math.Max(rest[0], rest[2]);
                rest = rest[3..];
            }
            else
            {
                match |= rest[0] == text[0];
                rest = rest[1..];
            }
        }

        return match != not && Naive(rest.IsEmpty ? rest : rest[1..], text[1..]);
    }

    private static (string Cursor, string[] Keys) Scan(PartitionUnderTest partition, string command)
    {
        var lines = partition.Do(command).Split("\r\n");
        return (lines[2], [.. lines.Skip(5).Where((_, index) => index % 2 == 0).SkipLast(0).Where(line => line.Length > 0)]);
    }
}
