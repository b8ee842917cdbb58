using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Sluice.Silo.Telemetry;

/// <summary>
/// Exports traces and metrics by OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set, and costs nothing when not. The exporter reads its endpoint, protocol and headers from the
/// standard OTEL_* variables.
/// <para>Grain calls are traced as parts of a sync alone: nodes call each other several times a second for nothing but heartbeats and grants, and a trace for each would hide the few that somebody
/// looks for. <c>OTEL_TRACES_SAMPLER</c>, if set, decides instead.</para>
/// </summary>
internal sealed class TelemetryExport(string node) : IHostedService, IDisposable
{
    private TracerProvider? traces;
    private MeterProvider? metrics;

    /// <summary>Whether an endpoint is set.</summary>
    public static bool Wanted => Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 };

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var resource = ResourceBuilder.CreateDefault().AddService("sluice", serviceVersion: ProductVersion.Text, serviceInstanceId: node);
        var tracing = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(SluiceTelemetry.Name, "Microsoft.Orleans.Application").AddOtlpExporter();
        traces = (Environment.GetEnvironmentVariable("OTEL_TRACES_SAMPLER") is { Length: > 0 } ? tracing : tracing.SetSampler(new ParentBasedSampler(new SyncSampler()))).Build();
        metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(SluiceTelemetry.Name).AddOtlpExporter().Build();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        traces?.ForceFlush();
        metrics?.ForceFlush();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        traces?.Dispose();
        metrics?.Dispose();
    }

    /// <summary>Of spans without a parent, only a sync's begins a trace.</summary>
    private sealed class SyncSampler : Sampler
    {
        public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
            new(samplingParameters.Name == SluiceTelemetry.SyncSpan ? SamplingDecision.RecordAndSample : SamplingDecision.Drop);
    }
}
