using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Sluice.Tests.Telemetry;

/// <summary>A span that has arrived.</summary>
/// <param name="Node">The service instance that sent it.</param>
/// <param name="Name">Its name.</param>
/// <param name="Trace">Its trace.</param>
/// <param name="Id">Its id.</param>
/// <param name="Parent">Its parent's id; empty: it has none.</param>
internal sealed record CollectedSpan(string Node, string Name, string Trace, string Id, string Parent);

/// <summary>A metric that has arrived.</summary>
/// <param name="Node">The service instance that sent it.</param>
/// <param name="Name">Its name.</param>
/// <param name="Unit">Its unit.</param>
internal sealed record CollectedMetric(string Node, string Name, string Unit);

/// <summary>A collector that takes OTLP over http/protobuf and remembers what came.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication app;

    private OtlpCollector(WebApplication app) => this.app = app;

    public ConcurrentQueue<CollectedSpan> Spans { get; } = new();

    public ConcurrentDictionary<CollectedMetric, byte> Metrics { get; } = new();

    public string Url => app.Urls.Single();

    public static async Task<OtlpCollector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var collector = new OtlpCollector(builder.Build());
        collector.app.Run(collector.TakeAsync);
        await collector.app.StartAsync();
        return collector;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var request = new ProtobufMessage(body.ToArray());
        switch (context.Request.Path.Value)
        {
            case "/v1/traces" when context.Request.ContentType == "application/x-protobuf":
                TakeTraces(request);
                break;
            case "/v1/metrics" when context.Request.ContentType == "application/x-protobuf":
                TakeMetrics(request);
                break;
            default:
                context.Response.StatusCode = 415;
                return;
        }

        // An empty answer is one without a partial success.
        context.Response.ContentType = "application/x-protobuf";
    }

    // opentelemetry/proto/collector/trace/v1: resource_spans = 1 { resource = 1, scope_spans = 2 { spans = 2 { trace_id = 1, span_id = 2, parent_span_id = 4, name = 5 } } }
    private void TakeTraces(ProtobufMessage request)
    {
        foreach (var resource in request.Messages(1))
        {
            foreach (var span in resource.Messages(2).SelectMany(scope => scope.Messages(2)))
            {
                Spans.Enqueue(new CollectedSpan(NodeOf(resource), span.Text(5), span.Hex(1), span.Hex(2), span.Hex(4)));
            }
        }
    }

    // opentelemetry/proto/collector/metrics/v1: resource_metrics = 1 { resource = 1, scope_metrics = 2 { metrics = 2 { name = 1, unit = 3 } } }
    private void TakeMetrics(ProtobufMessage request)
    {
        foreach (var resource in request.Messages(1))
        {
            foreach (var metric in resource.Messages(2).SelectMany(scope => scope.Messages(2)))
            {
                Metrics[new CollectedMetric(NodeOf(resource), metric.Text(1), metric.Text(3))] = 0;
            }
        }
    }

    // resource = 1 { attributes = 1 { key = 1, value = 2 { string_value = 1 } } }
    private static string NodeOf(ProtobufMessage resource) =>
        resource.Messages(1).SelectMany(attributes => attributes.Messages(1)).Where(attribute => attribute.Text(1) == "service.instance.id")
            .SelectMany(attribute => attribute.Messages(2)).Select(value => value.Text(1)).FirstOrDefault("");
}
