using System.Globalization;
using Sluice.Tests.Cluster;

namespace Sluice.Tests.Telemetry;

/// <summary>Two nodes as processes, told by the standard variables to export by OTLP over http/protobuf to a collector.</summary>
public sealed class OtlpExportTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(120);
    private readonly string directory = Directory.CreateTempSubdirectory("sluice-otlp").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task The_spans_of_a_sync_and_the_metrics_arrive_at_a_collector()
    {
        await using var collector = await OtlpCollector.StartAsync();
        var ports = FreePorts.Take(8);
        var seeds = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ports[2]},127.0.0.1:{ports[6]}");
        await using var a = Node(collector, "a", ports[..4], seeds);
        await using var b = Node(collector, "b", ports[4..], seeds);
        await a.StartAsync();
        await b.StartAsync();
        await using (var client = await RedisConnection.OpenAsync(a.Port))
        {
            Assert.Equal("OK", (await client.SendAsync("SET key value")).Text);
        }

        await using (var order = await RedisConnection.OpenAsync(b.Port))
        {
            Assert.Equal("OK", (await order.SendAsync($"REPLICAOF 127.0.0.1 {a.Port}")).Text);
        }

        await Eventually.IsTrueAsync("the sync's trace with the spans of its states", Bound, () => Task.FromResult(HasTrace(collector)));
        // Reports, heartbeats and joins belong to no sync: a trace for each would hide the few that somebody looks for.
        Assert.All(collector.Spans.Where(span => span.Parent.Length == 0), span => Assert.Equal("sync", span.Name));
        (string Node, string Name, string Unit)[] expected =
        [
            ("b", "sluice.copy.installed", "{copy}"), ("b", "sluice.copy.received", "By"), ("a", "sluice.gateway.commands", "{command}"), ("a", "sluice.link.used", "By/s"), ("b", "sluice.link.foreground", "By/s"),
            ("a", "sluice.flow.rate", "By/s"), ("a", "sluice.flow.retransmitted", "By"),
        ];
        foreach (var (node, name, unit) in expected)
        {
            await Eventually.IsTrueAsync($"the metric {name} of node {node} in {unit}", Bound, () => Task.FromResult(collector.Metrics.ContainsKey(new CollectedMetric(node, name, unit))));
        }
    }

    private static bool HasTrace(OtlpCollector collector)
    {
        var spans = collector.Spans.ToList();
        return spans.Where(span => span is { Node: "b", Name: "sync", Parent: "" }).Any(sync =>
            new[] { "sync pending", "sync opening", "sync copying", "sync verifying", "sync installing" }.All(state =>
                spans.Exists(span => span.Node == "b" && span.Trace == sync.Trace && span.Parent == sync.Id && span.Name == state)));
    }

    private NodeProcess Node(OtlpCollector collector, string name, int[] ports, string seeds) => new(name, directory, ports, seeds, shards: 1)
    {
        Variables = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "500",
        },
    };
}
