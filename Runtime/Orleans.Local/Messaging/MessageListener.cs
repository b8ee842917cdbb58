using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Orleans;

/// <summary>Listens for messages on one port, on a Kestrel of its own: HTTP/2, cleartext, only the paths that were mapped.</summary>
internal sealed class MessageListener : IHttpApplication<HttpContext>, IDisposable
{
    private readonly Dictionary<string, Func<byte[], CancellationToken, Task<byte[]>>> _handlers = [];
    private readonly SharedSecret _secret;
    private readonly ILogger _log;
    private readonly KestrelServer _server;

    public MessageListener(IPEndPoint endpoint, int maxBodyBytes, SharedSecret secret, ILoggerFactory logging)
    {
        _secret = secret;
        _log = logging.CreateLogger<MessageListener>();
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxRequestBodySize = maxBodyBytes;
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        options.Limits.Http2.MaxStreamsPerConnection = 1000;
        options.Limits.Http2.InitialConnectionWindowSize = 4 * 1024 * 1024;
        options.Limits.Http2.InitialStreamWindowSize = 1024 * 1024;
        options.Listen(endpoint, listen => listen.Protocols = HttpProtocols.Http2);
        _server = new KestrelServer(Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), logging), logging);
    }

    /// <summary>Answers messages on a path.</summary>
    public MessageListener Map<TMessage, TReply>(string path, Func<TMessage, CancellationToken, Task<TReply>> handler)
    {
        _handlers[path] = async (body, token) =>
        {
            var message = JsonSerializer.Deserialize<TMessage>(body, Serialization.WireFormat.Options)
                ?? throw new JsonException("The message is null.");
            return JsonSerializer.SerializeToUtf8Bytes(await handler(message, token), Serialization.WireFormat.Options);
        };
        return this;
    }

    public Task StartAsync(CancellationToken cancellationToken) => _server.StartAsync(this, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => _server.StopAsync(cancellationToken);

    public void Dispose() => _server.Dispose();

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        try
        {
            var body = await ReadAsync(context);
            var header = context.Request.Headers.Authorization.ToString();
            if (!_secret.Accepts(path, body, header.StartsWith(HttpMessenger.Scheme, StringComparison.Ordinal) ? header[(HttpMessenger.Scheme.Length + 1)..] : null, context.Connection.RemoteIpAddress))
            {
                _log.SecretRefused(context.Connection.RemoteIpAddress, path);
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            }
            else if (!_handlers.TryGetValue(path, out var handler))
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
            }
            else
            {
                var reply = await handler(body, context.RequestAborted);
                context.Response.ContentLength = reply.Length;
                await context.Response.Body.WriteAsync(reply, context.RequestAborted);
            }
        }
        catch (NotDeliveredException)
        {
            context.Response.StatusCode = StatusCodes.Status410Gone;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The sender no longer waits; there is nobody to answer.
            context.Abort();
        }
        catch (Exception exception)
        {
            _log.MessageFailed(path, exception);
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            await context.Response.WriteAsync(exception.Message, CancellationToken.None);
        }
    }

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var body = new MemoryStream((int)Math.Min(context.Request.ContentLength ?? 0, int.MaxValue / 2));
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return body.ToArray();
    }
}
