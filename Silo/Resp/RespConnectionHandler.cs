using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Sluice.Configuration;
using Sluice.Silo.Resp.Routing;

namespace Sluice.Silo.Resp;

/// <summary>Accepts RESP connections from Kestrel: <c>listen.UseConnectionHandler&lt;RespConnectionHandler&gt;()</c>.</summary>
public sealed partial class RespConnectionHandler : ConnectionHandler
{
    private readonly CommandDispatcher dispatcher;
    private readonly IShardRouter router;
    private readonly LiveConfiguration configuration;
    private readonly ClientRegistry clients;
    private readonly GatewayStatistics statistics;
    private readonly LargePayloads payloads;
    private readonly ILogger<RespConnectionHandler> logger;

    internal RespConnectionHandler(CommandDispatcher dispatcher, IShardRouter router, LiveConfiguration configuration, ClientRegistry clients, GatewayStatistics statistics, LargePayloads payloads, ILogger<RespConnectionHandler> logger)
    {
        this.dispatcher = dispatcher;
        this.router = router;
        this.configuration = configuration;
        this.clients = clients;
        this.statistics = statistics;
        this.payloads = payloads;
        this.logger = logger;
    }

    /// <inheritdoc/>
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var client = clients.TryEnter(configuration.MaxClients, connection.RemoteEndPoint, connection.LocalEndPoint, connection.Abort);
        if (client is null)
        {
            statistics.Refused();
            LogRefused(connection.RemoteEndPoint, configuration.MaxClients);
            await connection.Transport.Output.WriteAsync("-ERR max number of clients reached\r\n"u8.ToArray());
            return;
        }

        statistics.Accepted();
        client.Authenticated = configuration.RequirePass.Length == 0;
        try
        {
            using var served = new RespConnection(connection, client, dispatcher, router, configuration, statistics, payloads, logger);
            await served.RunAsync();
        }
        catch (Exception error) when (error is ConnectionResetException or ConnectionAbortedException or OperationCanceledException or IOException)
        {
            // The client went away: the usual end of a connection, not worth a line above debug.
            LogGone(error, client.Id);
        }
        finally
        {
            clients.Leave(client);
        }
    }

    [LoggerMessage(5003, LogLevel.Warning, "Client {Client} is refused: {MaxClients} clients are connected (maxclients)")]
    private partial void LogRefused(System.Net.EndPoint? client, int maxClients);

    [LoggerMessage(5004, LogLevel.Debug, "Client {Client} has gone")]
    private partial void LogGone(Exception error, long client);
}
