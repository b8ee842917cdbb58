using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;
using Sluice.Configuration;
using Sluice.Resp;
using Sluice.Silo.Resp.Commands;
using Sluice.Silo.Resp.Handlers;
using Sluice.Silo.Resp.Routing;

namespace Sluice.Silo.Resp;

/// <summary>
/// One client's connection: read what there is, gather its complete commands into a round (see <see cref="CommandRound"/>), execute, write all replies, read on. A command of the
/// gateway's own, or one whose keys lie on several shards, is a barrier: what came before it is executed first, what comes after it later.
/// <para>Memory is bounded: nothing is read while replies are written, and writing waits for a client that doesn't read; a round takes a limited number of
/// commands (see <see cref="RoundBudget"/>); an incomplete command takes what has arrived of it.</para>
/// </summary>
internal sealed partial class RespConnection : IDisposable
{
    private readonly ConnectionContext transport;
    private readonly GatewayClient client;
    private readonly CommandDispatcher dispatcher;
    private readonly LiveConfiguration configuration;
    private readonly GatewayStatistics statistics;
    private readonly LargePayloads payloads;
    private readonly ILogger logger;
    private readonly RespRequestParser parser = new(CommandTable.Intern);
    private readonly RoundBudget budget = new();
    private readonly CommandRound round;
    private readonly CommandContext context;

    // The client has gone, or the node stops: nobody waits for anything any more.
    private readonly CancellationTokenSource ending;
    private readonly CancellationToken stopping;

    public RespConnection(ConnectionContext transport, GatewayClient client, CommandDispatcher dispatcher, IShardRouter router, LiveConfiguration configuration, GatewayStatistics statistics, LargePayloads payloads, ILogger logger)
    {
        this.transport = transport;
        this.client = client;
        this.dispatcher = dispatcher;
        this.configuration = configuration;
        this.statistics = statistics;
        this.payloads = payloads;
        this.logger = logger;
        round = new CommandRound(router)
        {
            Written = (shard, sequence) => client.Written[shard] = sequence,
            Failed = error => LogFailure(error, client.Id),
        };
        stopping = transport.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None;
        ending = CancellationTokenSource.CreateLinkedTokenSource(transport.ConnectionClosed, stopping);
        context = new CommandContext(client, round, ending.Token);
    }

    /// <summary>Serves the client until it goes, or must go, or the node stops: then after the replies to what it has sent.</summary>
    public async Task RunAsync()
    {
        var input = transport.Transport.Input;

        // Not when the client has closed its half: what it had sent before is still read.
        using var registration = stopping.Register(input.CancelPendingRead);
        while (true)
        {
            var read = await input.ReadAsync();
            if (read.IsCanceled)
            {
                return;
            }

            client.Touch();
            var buffer = read.Buffer;
            var before = buffer.Length;
            var isOpen = true;
            var isMore = true;
            while (isOpen && isMore)
            {
                (isOpen, isMore, buffer) = await RoundAsync(buffer);
            }

            statistics.Received(before - buffer.Length);
            client.PendingBytes = parser.PendingBytes + buffer.Length;
            input.AdvanceTo(buffer.Start, buffer.End);
            if (!isOpen || read.IsCompleted)
            {
                return;
            }
        }
    }

    public void Dispose() => ending.Dispose();

    /// <summary>Executes the next commands of the buffer and writes their replies.</summary>
    private async ValueTask<(bool IsOpen, bool IsMore, ReadOnlySequence<byte> Unread)> RoundAsync(ReadOnlySequence<byte> buffer)
    {
        var commands = 0;
        var requestBytes = 0L;
        var isMore = true;
        var began = buffer.Length;
        var maxBulkBytes = configuration.ProtoMaxBulkLength;
        try
        {
            while (isMore && !client.CloseAfterReplies && commands < budget.Commands && began - buffer.Length < RoundBudget.MaxRequestBytes)
            {
                parser.Limits = new RespLimits(maxBulkBytes, client.Authenticated || configuration.RequirePass.Length == 0);
                isMore = parser.TryRead(ref buffer, out var command);
                if (!isMore)
                {
                    break;
                }

                commands++;
                requestBytes += parser.LastCommandBytes;
                if (dispatcher.Dispatch(context, command) is { } handler)
                {
                    await round.ExecuteAsync(client.Protocol);
                    await HandleAsync(handler);
                }
            }
        }
        catch (RespFormatException error)
        {
            statistics.ProtocolError();
            LogProtocolError(client.RemoteAddress, error.Message);
            round.Writer.Error("ERR Protocol error: " + error.Message);
            client.CloseAfterReplies = true;
        }

        if (commands == 0 && !client.CloseAfterReplies)
        {
            return (true, false, buffer);
        }

        await round.ExecuteAsync(client.Protocol);
        round.EndLocalReply();

        // A large value would stay in memory until this client's next command.
        context.Arguments = [];
        statistics.Round(commands, round.ReplyBytes);
        var replyBytes = round.ReplyBytes;
        budget.Learn(commands, replyBytes);
        var isWritten = await round.WriteToAsync(transport.Transport.Output);
        payloads.Passed(requestBytes + replyBytes);
        return (isWritten && !client.CloseAfterReplies, isMore, buffer);
    }

    private async ValueTask HandleAsync(CommandHandler handler)
    {
        try
        {
            await handler(context);
        }
        catch (Exception error) when (error is not OperationCanceledException || !context.Closed.IsCancellationRequested)
        {
            LogFailure(error, client.Id);
            round.Writer.Error($"ERR internal error in '{context.Info.Name}'; the node's log has it ({error.GetType().Name}: {error.Message})");
        }

        round.EndLocalReply();
    }

    [LoggerMessage(5001, LogLevel.Information, "Client {Client} sent what is no RESP and is closed: {Reason}")]
    private partial void LogProtocolError(string client, string reason);

    [LoggerMessage(5002, LogLevel.Error, "A command of client {Client} failed")]
    private partial void LogFailure(Exception error, long client);
}
