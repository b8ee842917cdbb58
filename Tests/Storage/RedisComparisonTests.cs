using System.Globalization;
using System.Text;
using Xunit.Abstractions;

namespace Sluice.Tests.Storage;

/// <summary>The same random commands to a partition and to a real redis-server: the same replies, to the byte.</summary>
public sealed class RedisComparisonTests(ITestOutputHelper output)
{
    private const int Commands = 30_000;

    [RedisFact]
    public async Task Random_commands_are_answered_as_by_redis()
    {
        var seed = Environment.GetEnvironmentVariable("SLUICE_SEED") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : Environment.ProcessId;
        output.WriteLine($"SLUICE_SEED={seed}");
        var commands = new RandomCommands(new Random(seed));
        using var redis = await RedisServer.StartAsync();
        using var partition = new PartitionUnderTest(time: TimeProvider.System);
        for (var i = 0; i < Commands; i++)
        {
            var batch = Enumerable.Range(0, commands.Random.Next(1, 6)).Select(_ => commands.Next()).ToArray();
            var expected = batch.Select(redis.Do).ToArray();
            var actual = partition.DoAll([.. batch.Select(command => (byte[][])[Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(command[0]).ToUpperInvariant()), .. command.AsSpan(1)])]);
            i += batch.Length;
            for (var j = 0; j < batch.Length; j++)
            {
                Assert.True(Agree(batch[j], expected[j], actual[j]), $"seed {seed}: {Show(batch[j])}\nredis:     {expected[j]}\npartition: {actual[j]}\nbatch: {string.Join(" | ", batch.Select(Show))}");
            }
        }
    }

    /// <summary>Keys come in another order; seconds that are left may tick between the two.</summary>
    private static bool Agree(byte[][] command, string expected, string actual)
    {
        var name = Encoding.ASCII.GetString(command[0]);
        if (name == "keys" && expected.StartsWith('*') && actual.StartsWith('*'))
        {
            return expected.Split("\r\n").Order(StringComparer.Ordinal).SequenceEqual(actual.Split("\r\n").Order(StringComparer.Ordinal));
        }

        if (name is "ttl" or "expiretime" or "pexpiretime" && expected.StartsWith(':') && actual.StartsWith(':'))
        {
            // The partition is asked after redis; a busy machine may let seconds pass between the two.
            var tolerance = name == "pexpiretime" ? 60_000 : 60;
            return Math.Abs(long.Parse(expected.AsSpan(1), CultureInfo.InvariantCulture) - long.Parse(actual.AsSpan(1), CultureInfo.InvariantCulture)) <= tolerance;
        }

        return expected == actual;
    }

    private static string Show(byte[][] command) => string.Join(' ', command.Select(word => $"\"{Encoding.Latin1.GetString(word)}\""));
}
