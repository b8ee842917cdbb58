using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Sluice.Tests.Storage;

public sealed class ExpiryTests
{
    [Fact]
    public void A_key_is_there_in_the_millisecond_of_its_expiry_and_gone_in_the_next()
    {
        using var partition = new PartitionUnderTest();
        partition.Do("set k v px 100");
        partition.Clock.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(["$1\r\nv\r\n", ":0\r\n", "+OK\r\n", "$1\r\nw\r\n"], partition.DoAll("get k", "pttl k", "set k w keepttl", "get k"));
        partition.Clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(["$-1\r\n", ":-2\r\n", ":0\r\n", "+none\r\n"], partition.DoAll("get k", "pttl k", "exists k", "type k"));
    }

    [Fact]
    public void What_is_due_is_deleted_through_the_log_and_nothing_else()
    {
        using var partition = new PartitionUnderTest();
        for (var i = 0; i < 25; i++)
        {
            partition.Do($"set due{i} v px {i + 1}");
        }

        // Stale entries of the index: overwritten, changed, taken away, deleted.
        partition.DoAll("set kept1 v px 10", "set kept1 w", "set kept2 v px 10", "pexpire kept2 100000", "set kept3 v px 10", "persist kept3", "set gone v px 10", "del gone", "set later v px 100000");
        partition.Clock.Advance(TimeSpan.FromSeconds(1));
        var before = partition.Partition.LatestSequence;
        Assert.Equal(10, partition.Partition.ExpireDue(10));
        Assert.Equal(10, partition.Partition.ExpireDue(10));
        Assert.InRange(partition.Partition.ExpireDue(10), 5, 9);
        Assert.Equal(0, partition.Partition.ExpireDue(10));
        Assert.Equal(before + 25 + 25 + 1, partition.Partition.LatestSequence);
        Assert.Equal(":4\r\n", partition.Do("exists kept1 kept2 kept3 later"));
        partition.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(2, partition.Partition.ExpireDue(10));
        Assert.Equal(":2\r\n", partition.Do("dbsize"));
    }

    [Fact]
    public void A_clock_that_was_set_back_loses_no_expiry()
    {
        using var partition = new PartitionUnderTest();
        partition.DoAll("set a v px 1000", "set b v px 1100");
        partition.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, partition.Partition.ExpireDue(1));
        partition.Clock.Advance(TimeSpan.FromSeconds(-10));
        partition.Do("set c v px 5");
        partition.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(2, partition.Partition.ExpireDue(10));
        Assert.Equal(":0\r\n", partition.Do("dbsize"));
    }

    [Fact]
    public void A_write_that_comes_across_an_expired_key_deletes_it()
    {
        using var partition = new PartitionUnderTest();
        partition.Do("set k v px 10");
        partition.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, partition.Partition.Execute(new CommandBatch { Commands = [PartitionUnderTest.Words("get k")] }, writable: false).WrittenSequence);
        var before = partition.Partition.LatestSequence;
        Assert.Equal(":0\r\n", partition.Do("del k"));
        // The key and its entry of the index.
        Assert.Equal(before + 2, partition.Partition.LatestSequence);
        Assert.Equal(0, partition.Partition.ExpireDue(10));
    }

    [Fact]
    public void Random_commands_in_virtual_time_agree_with_a_model() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(40),
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            using var partition = new PartitionUnderTest();
            var random = new Random(seed);
            var model = new KeyspaceModel(() => partition.Clock.GetUtcNow().ToUnixTimeMilliseconds());
            for (var i = 0; i < 300; i++)
            {
                Step(partition, model, random, seed);
            }
        }));

    private static void Step(PartitionUnderTest partition, KeyspaceModel model, Random random, int seed)
    {
        switch (random.Next(10))
        {
            case 0:
                partition.Clock.Advance(TimeSpan.FromMilliseconds(random.Next(50)));
                break;
            case 1:
                partition.Partition.ExpireDue(random.Next(1, 5));
                break;
            default:
                var batch = Enumerable.Range(0, random.Next(1, 5)).Select(_ => KeyspaceModel.RandomCommand(random)).ToArray();
                var expected = batch.Select(model.Do).ToArray();
                var actual = partition.DoAll(batch);
                Assert.True(expected.SequenceEqual(actual), $"seed {seed}: {string.Join(" | ", batch)}\nmodel:     {string.Join(' ', expected)}\npartition: {string.Join(' ', actual)}");
                break;
        }
    }

    /// <summary>The same commands over a dictionary: slow to nothing, and obvious.</summary>
    private sealed class KeyspaceModel(Func<long> now)
    {
        private readonly Dictionary<string, (string Value, long Expiry)> keys = [];

        public static string RandomCommand(Random random)
        {
            var key = "k" + random.Next(6);
            var number = random.Next(60);
            return random.Next(14) switch
            {
                0 => $"get {key}",
                1 => $"set {key} {number}",
                2 => $"set {key} {number} px {number + 1}",
                3 => $"set {key} {number} keepttl",
                4 => $"incr {key}",
                5 => $"del {key}",
                6 => $"pexpire {key} {number}",
                7 => $"persist {key}",
                8 => $"pttl {key}",
                9 => $"append {key} {random.Next(3)}",
                10 => $"rename {key} k{random.Next(6)}",
                11 => $"getdel {key}",
                12 => "dbsize",
                _ => random.Next(10) == 0 ? "flushall" : $"exists {key}",
            };
        }

        public string Do(string command)
        {
            var at = now();
            foreach (var (expired, _) in keys.Where(pair => pair.Value.Expiry != 0 && at > pair.Value.Expiry).ToArray())
            {
                keys.Remove(expired);
            }

            var words = command.Split(' ');
            var key = words.Length > 1 ? words[1] : "";
            var found = keys.TryGetValue(key, out var old);
            switch (words[0])
            {
                case "get":
                    return found ? Bulk(old.Value) : "$-1\r\n";
                case "set":
                    keys[key] = (words[2], words.Length == 5 ? at + long.Parse(words[4], CultureInfo.InvariantCulture) : words.Length == 4 ? old.Expiry : 0);
                    return "+OK\r\n";
                case "incr":
                    if (!long.TryParse(found ? old.Value : "0", CultureInfo.InvariantCulture, out var number) || (found && number.ToString(CultureInfo.InvariantCulture) != old.Value))
                    {
                        return "-ERR value is not an integer or out of range\r\n";
                    }

                    keys[key] = ((number + 1).ToString(CultureInfo.InvariantCulture), old.Expiry);
                    return $":{number + 1}\r\n";
                case "del":
                    return keys.Remove(key) ? ":1\r\n" : ":0\r\n";
                case "getdel":
                    keys.Remove(key);
                    return found ? Bulk(old.Value) : "$-1\r\n";
                case "append":
                    keys[key] = (old.Value + words[2], old.Expiry);
                    return $":{keys[key].Value.Length}\r\n";
                case "dbsize":
                    return $":{keys.Count}\r\n";
                case "flushall":
                    keys.Clear();
                    return "+OK\r\n";
                case "exists":
                    return found ? ":1\r\n" : ":0\r\n";
                default:
                    return DoWithExpiry(words, found, old, at);
            }
        }

        private string DoWithExpiry(string[] words, bool found, (string Value, long Expiry) old, long at)
        {
            var key = words[1];
            switch (words[0])
            {
                case "pexpire" when found:
                    var expiry = at + long.Parse(words[2], CultureInfo.InvariantCulture);
                    if (expiry <= at)
                    {
                        keys.Remove(key);
                    }
                    else
                    {
                        keys[key] = (old.Value, expiry);
                    }

                    return ":1\r\n";
                case "persist" when found && old.Expiry != 0:
                    keys[key] = (old.Value, 0);
                    return ":1\r\n";
                case "pexpire" or "persist":
                    return ":0\r\n";
                case "pttl":
                    return !found ? ":-2\r\n" : old.Expiry == 0 ? ":-1\r\n" : $":{old.Expiry - at}\r\n";
                case "rename" when !found:
                    return "-ERR no such key\r\n";
                case "rename":
                    keys.Remove(key);
                    keys[words[2]] = old;
                    return "+OK\r\n";
                default:
                    throw new InvalidOperationException($"The model does not know {words[0]}.");
            }
        }

        private static string Bulk(string value) => $"${Encoding.UTF8.GetByteCount(value)}\r\n{value}\r\n";
    }
}
