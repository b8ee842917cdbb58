using System.Net.Http.Headers;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Configuration;
using Sluice.Replication;

namespace Sluice.Bandwidth;

/// <summary>
/// Posts alerts to the URL of <c>alert-webhook</c>, one after the other, each again with growing pauses until it is taken or given up. It never holds anybody up: what waits is bounded, and the oldest goes first
/// when it is too much. A URL that cannot be reached is logged once, and once more when it can be reached again.
/// </summary>
internal sealed partial class AlertWebhook : BackgroundService
{
    /// <summary>More waiting alerts than this are of no use to anybody.</summary>
    public const int Capacity = 256;

    // Five attempts over about a minute, then the next alert has its turn; INFO bandwidth and the log have them all.
    private const int Attempts = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    // A receiver that takes longer is as good as none.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Channel<(AlertChange Change, DateTimeOffset At)> waiting =
        Channel.CreateBounded<(AlertChange, DateTimeOffset)>(new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private readonly HttpClient client = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly LiveConfiguration configuration;
    private readonly string node;
    private readonly TimeProvider time;
    private readonly ILogger<AlertWebhook> logger;
    private readonly Random random;
    private bool reachable = true;

    public AlertWebhook(LiveConfiguration configuration, IOptions<NodeOptions> options, TimeProvider time, ILogger<AlertWebhook> logger)
    {
        this.configuration = configuration;
        this.time = time;
        this.logger = logger;
        node = options.Value.Name;
        random = new Random(HashCode.Combine(node, time.GetUtcNow().Ticks));
    }

    /// <summary>What is wrong with a URL, naming what is allowed; null when nothing is.</summary>
    public static string? CheckUrl(string text) =>
        text.Length == 0 || (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Host.Length > 0)
            ? null
            : "argument must be empty or an absolute http or https URL, for example https://alerts.example.com/sluice";

    /// <summary>Posts a change soon, if there is a URL.</summary>
    public void Post(AlertChange change)
    {
        if (configuration.AlertWebhook.Length > 0)
        {
            waiting.Writer.TryWrite((change, time.GetUtcNow()));
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        client.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var (change, at) in waiting.Reader.ReadAllAsync(stoppingToken))
            {
                await PostAsync(AlertBody.Write(change, node, at), stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops; what still waits is in the log.
            return;
        }
    }

    private async Task PostAsync(byte[] body, CancellationToken cancellationToken)
    {
        var backoff = new RetryBackoff(random, FirstPause, LongestPause);

        // Asked each time: a mistake in the URL is corrected with CONFIG SET.
        while (configuration.AlertWebhook is { Length: > 0 } url)
        {
            try
            {
                await PostOnceAsync(new Uri(url), body, cancellationToken);
                if (!reachable)
                {
                    reachable = true;
                    LogReachable(url);
                }

                return;
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                if (reachable)
                {
                    reachable = false;
                    LogUnreachable(url, error is OperationCanceledException ? $"no answer within {Patience.TotalSeconds:0} s" : error.Message);
                }
            }

            var pause = backoff.Next();
            if (backoff.Attempts >= Attempts)
            {
                SluiceTelemetry.WebhookFailures.Add(1);
                return;
            }

            await Task.Delay(pause, time, cancellationToken);
        }
    }

    private async Task PostOnceAsync(Uri url, byte[] body, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var answer = await client.PostAsync(url, content, both.Token);
        answer.EnsureSuccessStatusCode();
    }

    [LoggerMessage(3121, LogLevel.Warning, "The alert webhook {Url} does not take alerts ({Reason}); each is tried again some times, and this is not said again until it does")]
    private partial void LogUnreachable(string url, string reason);

    [LoggerMessage(3122, LogLevel.Information, "The alert webhook {Url} takes alerts again")]
    private partial void LogReachable(string url);
}
