using System.Text.Json;

namespace Sluice.Bandwidth;

/// <summary>
/// The JSON body that the webhook gets. Pure.
/// <code>
/// {"event":"raised","alert":"LinkDegraded","subject":"a eth0 egress","since":"2026-11-23T04:00:00.0000000+00:00",
///  "from_bytes_per_second":125000000,"to_bytes_per_second":12050000,"text":"...","node":"a","sent_at":"..."}
/// </code>
/// </summary>
internal static class AlertBody
{
    /// <summary>Writes it.</summary>
    /// <param name="change">What happened.</param>
    /// <param name="node">The node that tells.</param>
    /// <param name="at">When it happened.</param>
    public static byte[] Write(AlertChange change, string node, DateTimeOffset at)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            var alert = change.Alert;
            json.WriteStartObject();
            json.WriteString("event", change.IsRaised ? "raised" : "cleared");
            json.WriteString("alert", alert.Kind.ToString());
            json.WriteString("subject", alert.Subject);
            json.WriteString("since", alert.Since);
            json.WriteNumber("from_bytes_per_second", alert.FromBytesPerSecond);
            json.WriteNumber("to_bytes_per_second", alert.ToBytesPerSecond);
            json.WriteString("text", alert.Text);
            json.WriteString("node", node);
            json.WriteString("sent_at", at);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
