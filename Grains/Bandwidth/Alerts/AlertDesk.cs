using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Sluice.Bandwidth;

/// <summary>
/// Where alerts leave this node: the log, metrics, the webhook. It has one board for what the node finds by itself and, while the broker lives here, one for what the broker finds. Safe for concurrent use.
/// </summary>
internal sealed partial class AlertDesk(AlertWebhook webhook, ILogger<AlertDesk> logger)
{
    private readonly AlertBoard board = new();
    private readonly Lock gate = new();
    private readonly ConcurrentDictionary<(AlertKind Kind, string Subject), BandwidthAlert> raised = new();

    /// <summary>What the node has found by itself.</summary>
    public ImmutableArray<BandwidthAlert> OfNode
    {
        get
        {
            lock (gate)
            {
                return board.Active;
            }
        }
    }

    /// <summary>All alerts that were raised here and are not cleared yet.</summary>
    public IEnumerable<BandwidthAlert> Raised => raised.Values;

    /// <summary>What is wrong on this node at this moment.</summary>
    public void Update(IEnumerable<AlertCondition> conditions, DateTimeOffset now)
    {
        ImmutableArray<AlertChange> changes;
        lock (gate)
        {
            changes = board.Update(conditions, now);
        }

        Publish(changes);
    }

    /// <summary>Tells of alerts that begin or end.</summary>
    public void Publish(ImmutableArray<AlertChange> changes)
    {
        foreach (var (alert, isRaised) in changes)
        {
            if (isRaised)
            {
                raised[(alert.Kind, alert.Subject)] = alert;
                LogRaised(alert.Kind, alert.Subject, alert.Text);
                SluiceTelemetry.AlertsRaised.Add(1, new KeyValuePair<string, object?>("sluice.alert.kind", alert.Kind.ToString()));
            }
            else
            {
                raised.TryRemove((alert.Kind, alert.Subject), out _);
                LogCleared(alert.Kind, alert.Subject, alert.Since);
            }

            webhook.Post(new AlertChange(alert, isRaised));
        }
    }

    /// <summary>Forgets alerts whose finder has gone (a broker that moves elsewhere raises them there); a metric must not stay for ever.</summary>
    public void Withdraw(IEnumerable<BandwidthAlert> alerts)
    {
        foreach (var alert in alerts)
        {
            raised.TryRemove((alert.Kind, alert.Subject), out _);
        }
    }

    [LoggerMessage(3101, LogLevel.Warning, "Alert {Kind} {Subject}: {Text}")]
    private partial void LogRaised(AlertKind kind, string subject, string text);

    [LoggerMessage(3102, LogLevel.Information, "Alert {Kind} {Subject} is over; it had begun at {Since:u}")]
    private partial void LogCleared(AlertKind kind, string subject, DateTimeOffset since);
}
