using System.Globalization;
using System.Text;
using Sluice.Tests.Cluster;

namespace Sluice.Benchmarks;

/// <summary>Values that no compression makes smaller.</summary>
internal static class Incompressible
{
    private const int PipelineBytes = 4 << 20;

    /// <summary>Sets so many MiB of random values of one size.</summary>
    public static async Task FillAsync(RedisConnection connection, int mib, int valueBytes)
    {
        var random = new Random(1);
        var count = (long)mib * (1 << 20) / valueBytes;
        var perPipeline = PipelineBytes / valueBytes;
        for (long n = 0; n < count; n += perPipeline)
        {
            await connection.PipelineAsync([.. Enumerable.Range(0, (int)Math.Min(perPipeline, count - n)).Select(i =>
            {
                var value = new byte[valueBytes];
                random.NextBytes(value);
                return new[] { "SET"u8.ToArray(), Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"fill:{n + i}")), value };
            })]);
        }
    }
}
