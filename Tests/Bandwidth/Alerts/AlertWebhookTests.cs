using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Bandwidth;
using Sluice.Configuration;
using Sluice.Tests.Cluster;

namespace Sluice.Tests.Bandwidth.Alerts;

/// <summary>The webhook against a real HTTP server.</summary>
public sealed class AlertWebhookTests : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private readonly LiveConfiguration configuration = new();
    private readonly ManualTimeProvider time = new();
    private readonly LogLines log = new();
    private readonly AlertWebhook webhook;

    public AlertWebhookTests() => webhook = new AlertWebhook(configuration, Options.Create(new NodeOptions { Name = "a" }), time, new Logger<AlertWebhook>(log));

    public async ValueTask DisposeAsync()
    {
        await webhook.StopAsync(CancellationToken.None);
        webhook.Dispose();
        log.Dispose();
    }

    [Fact]
    public async Task An_alert_is_posted_as_JSON()
    {
        await using var receiver = await Receiver.StartAsync();
        await StartAsync(receiver.Url);

        webhook.Post(Change(1, isRaised: true));
        webhook.Post(Change(1, isRaised: false));

        var bodies = await receiver.BodiesAsync(2);
        using var raised = JsonDocument.Parse(bodies[0]);
        Assert.Equal("raised", raised.RootElement.GetProperty("event").GetString());
        Assert.Equal("LinkDegraded", raised.RootElement.GetProperty("alert").GetString());
        Assert.Equal("a eth1 egress", raised.RootElement.GetProperty("subject").GetString());
        Assert.Equal(125_000_000, raised.RootElement.GetProperty("from_bytes_per_second").GetInt64());
        Assert.Equal(12_500_000, raised.RootElement.GetProperty("to_bytes_per_second").GetInt64());
        Assert.Equal("look at the \"cable\"", raised.RootElement.GetProperty("text").GetString());
        Assert.Equal("a", raised.RootElement.GetProperty("node").GetString());
        Assert.Equal(time.GetUtcNow(), raised.RootElement.GetProperty("sent_at").GetDateTimeOffset());
        using var cleared = JsonDocument.Parse(bodies[1]);
        Assert.Equal("cleared", cleared.RootElement.GetProperty("event").GetString());
        Assert.Empty(log.Events);
    }

    [Fact]
    public async Task A_receiver_that_fails_gets_the_alert_again_and_this_is_logged_once()
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Failures = 3;
        await StartAsync(receiver.Url);

        webhook.Post(Change(1, isRaised: true));
        await PassTimeUntilAsync(() => receiver.Bodies.Count == 1);

        Assert.Equal(4, receiver.Requests);
        await Eventually.IsTrueAsync("the webhook is well again", Bound, () => Task.FromResult(log.Events.Contains(3122)));
        Assert.Equal([3121, 3122], log.Events);
    }

    [Fact]
    public async Task An_alert_that_nobody_takes_is_given_up_and_the_next_has_its_turn()
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Failures = 5;
        await StartAsync(receiver.Url);

        webhook.Post(Change(1, isRaised: true));
        webhook.Post(Change(2, isRaised: true));
        await PassTimeUntilAsync(() => receiver.Bodies.Count == 1);

        Assert.Contains("eth2", receiver.Bodies.Single(), StringComparison.Ordinal);
        Assert.Equal(6, receiver.Requests);
    }

    [Fact]
    public async Task An_unreachable_URL_holds_nobody_up_and_is_logged_once()
    {
        var port = FreePorts.Take(1)[0];
        await StartAsync($"http://127.0.0.1:{port}/");
        for (var n = 0; n < 10 * AlertWebhook.Capacity; n++)
        {
            webhook.Post(Change(n, isRaised: true));
        }

        await Eventually.IsTrueAsync("the failure is logged", Bound, () => Task.FromResult(!log.Events.IsEmpty));
        for (var minute = 0; minute < 20; minute++)
        {
            time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal([3121], log.Events);
    }

    [Fact]
    public async Task Without_a_URL_nothing_waits()
    {
        await using var receiver = await Receiver.StartAsync();
        await StartAsync("");
        webhook.Post(Change(1, isRaised: true));

        configuration.Set([new("alert-webhook", receiver.Url)]);
        webhook.Post(Change(2, isRaised: true));

        Assert.Contains("eth2", (await receiver.BodiesAsync(1))[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("http://127.0.0.1:8080/x?y=1", true)]
    [InlineData("https://alerts.example.com", true)]
    [InlineData("alerts.example.com", false)]
    [InlineData("ftp://alerts.example.com", false)]
    [InlineData("file:///etc/passwd", false)]
    [InlineData("http://", false)]
    public void Only_http_URLs_are_taken(string url, bool isTaken) => Assert.Equal(isTaken, AlertWebhook.CheckUrl(url) is null);

    private static AlertChange Change(int n, bool isRaised) => new(
        new BandwidthAlert { Kind = AlertKind.LinkDegraded, Subject = $"a eth{n} egress", FromBytesPerSecond = 125_000_000, ToBytesPerSecond = 12_500_000, Text = "look at the \"cable\"" },
        isRaised);

    private Task StartAsync(string url)
    {
        configuration.Set([new("alert-webhook", url)]);
        return webhook.StartAsync(CancellationToken.None);
    }

    // A pause between attempts ends when the clock is moved; a request does not need it.
    private Task PassTimeUntilAsync(Func<bool> reached) => Eventually.IsTrueAsync("the alert is posted", Bound, () =>
    {
        time.Advance(TimeSpan.FromSeconds(1));
        return Task.FromResult(reached());
    });

    private sealed class Receiver : IAsyncDisposable
    {
        private readonly WebApplication app;
        private int requests;

        private Receiver(WebApplication app) => this.app = app;

        public ConcurrentQueue<string> Bodies { get; } = new();

        public int Failures { get; set; }

        public int Requests => Volatile.Read(ref requests);

        public string Url => app.Urls.Single();

        public static async Task<Receiver> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
            var receiver = new Receiver(builder.Build());
            receiver.app.Run(receiver.TakeAsync);
            await receiver.app.StartAsync();
            return receiver;
        }

        public async Task<string[]> BodiesAsync(int count)
        {
            await Eventually.IsTrueAsync($"{count} posts", Bound, () => Task.FromResult(Bodies.Count >= count));
            return [.. Bodies];
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();

        private async Task TakeAsync(HttpContext context)
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            if (Interlocked.Increment(ref requests) <= Failures)
            {
                context.Response.StatusCode = 503;
            }
            else if (context.Request.Method == "POST" && context.Request.ContentType == "application/json")
            {
                Bodies.Enqueue(body);
            }
        }
    }

    private sealed class LogLines : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<int> Events { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public void Dispose() => Events.Clear();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Events.Enqueue(eventId.Id);
    }
}
