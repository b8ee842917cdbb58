using System.Diagnostics.Metrics;

namespace Sluice.Silo.Resp;

/// <summary>What INFO stats counts, and the same as metrics. Safe for concurrent use.</summary>
public sealed class GatewayStatistics
{
    private static readonly Counter<long> CommandCounter = SluiceTelemetry.Meter.CreateCounter<long>("sluice.gateway.commands", "{command}", "Commands that clients sent");
    private static readonly Counter<long> ConnectionCounter = SluiceTelemetry.Meter.CreateCounter<long>("sluice.gateway.connections", "{connection}", "Connections that clients opened");
    private static readonly Counter<long> RejectedCounter = SluiceTelemetry.Meter.CreateCounter<long>("sluice.gateway.rejected_connections", "{connection}", "Connections refused because of maxclients");

    private long commands;
    private long connections;
    private long rejected;
    private long inputBytes;
    private long outputBytes;
    private long errors;
    private long sampledCommands;
    private long commandsPerSecond;

    /// <summary>Commands executed.</summary>
    public long Commands => Interlocked.Read(ref commands);

    /// <summary>Connections accepted.</summary>
    public long Connections => Interlocked.Read(ref connections);

    /// <summary>Connections refused because of <c>maxclients</c>.</summary>
    public long Rejected => Interlocked.Read(ref rejected);

    /// <summary>Bytes of commands.</summary>
    public long InputBytes => Interlocked.Read(ref inputBytes);

    /// <summary>Bytes of replies.</summary>
    public long OutputBytes => Interlocked.Read(ref outputBytes);

    /// <summary>Connections closed because of protocol errors.</summary>
    public long ProtocolErrors => Interlocked.Read(ref errors);

    /// <summary>Commands a second over the last sample.</summary>
    public long CommandsPerSecond => Interlocked.Read(ref commandsPerSecond);

    /// <summary>A round of commands was answered.</summary>
    public void Round(int count, long bytesOut)
    {
        Interlocked.Add(ref commands, count);
        Interlocked.Add(ref outputBytes, bytesOut);
        CommandCounter.Add(count);
    }

    /// <summary>Bytes were consumed.</summary>
    public void Received(long bytes) => Interlocked.Add(ref inputBytes, bytes);

    /// <summary>A client was accepted.</summary>
    public void Accepted()
    {
        Interlocked.Increment(ref connections);
        ConnectionCounter.Add(1);
    }

    /// <summary>A client was refused.</summary>
    public void Refused()
    {
        Interlocked.Increment(ref rejected);
        RejectedCounter.Add(1);
    }

    /// <summary>A client sent what is no RESP.</summary>
    public void ProtocolError() => Interlocked.Increment(ref errors);

    /// <summary>Takes a sample for <see cref="CommandsPerSecond"/>.</summary>
    /// <param name="elapsed">Since the last sample.</param>
    public void Sample(TimeSpan elapsed)
    {
        var now = Commands;
        var before = Interlocked.Exchange(ref sampledCommands, now);
        Interlocked.Exchange(ref commandsPerSecond, elapsed > TimeSpan.Zero ? (long)(Math.Max(0, now - before) / elapsed.TotalSeconds) : 0);
    }

    /// <summary>CONFIG RESETSTAT.</summary>
    public void Reset()
    {
        Interlocked.Exchange(ref commands, 0);
        Interlocked.Exchange(ref connections, 0);
        Interlocked.Exchange(ref rejected, 0);
        Interlocked.Exchange(ref inputBytes, 0);
        Interlocked.Exchange(ref outputBytes, 0);
        Interlocked.Exchange(ref errors, 0);
        Interlocked.Exchange(ref sampledCommands, 0);
    }
}
