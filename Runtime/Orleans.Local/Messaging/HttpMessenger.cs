using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans;

/// <summary>
/// The shared secret of a cluster (<c>Orleans:Clustering:SharedSecret</c>). Each message carries an HMAC-SHA256 of its cluster, path and
/// body. Without a secret, messages are taken from loopback only. It authenticates; it neither hides nor keeps from replaying.
/// </summary>
internal sealed class SharedSecret(IConfiguration configuration, IOptions<ClusterOptions> cluster)
{
    public const string Key = "Orleans:Clustering:SharedSecret";
    private readonly byte[]? _key = configuration[Key] is { Length: > 0 } text ? Encoding.UTF8.GetBytes(text) : null;

    public bool IsSet => _key is not null;

    public string Sign(string path, byte[] body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key ?? []);
        hmac.AppendData(Encoding.UTF8.GetBytes($"{cluster.Value.ClusterId}\n{path}\n"));
        hmac.AppendData(body);
        return Convert.ToHexString(hmac.GetHashAndReset());
    }

    public bool Accepts(string path, byte[] body, string? signature, IPAddress? peer) =>
        (IsSet || (peer is not null && IPAddress.IsLoopback(peer)))
        && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Sign(path, body)), Encoding.ASCII.GetBytes(signature ?? ""));
}

/// <summary>No connection could be made, so that the message certainly did not arrive.</summary>
internal sealed class NotDeliveredException(string message, bool refused, Exception? cause) : OrleansException(message, cause)
{
    /// <summary>Nobody listens there.</summary>
    public bool Refused { get; } = refused;
}

/// <summary>Sends messages over HTTP/2, cleartext; many share one connection.</summary>
internal sealed class HttpMessenger : IDisposable
{
    public const string Scheme = "Orleans-HMAC";
    private readonly HttpClient _http;
    private readonly SharedSecret _secret;

    public HttpMessenger(SharedSecret secret)
    {
        _secret = secret;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = TimeSpan.FromSeconds(15),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            UseCookies = false,
            UseProxy = false,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <exception cref="NotDeliveredException">No connection could be made.</exception>
    /// <exception cref="SiloUnavailableException">The connection broke, or the peer is another than the one meant.</exception>
    /// <exception cref="OrleansException">The peer refuses our secret.</exception>
    public async Task<TReply> AskAsync<TMessage, TReply>(IPEndPoint peer, string path, TMessage message, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(message, Serialization.WireFormat.Options);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{peer}{path}") 
        {
            Content = new ByteArrayContent(body),
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Authorization = new AuthenticationHeaderValue(Scheme, _secret.Sign(path, body));
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
            var reply = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
            return response.StatusCode switch
            {
                HttpStatusCode.OK => JsonSerializer.Deserialize<TReply>(reply, Serialization.WireFormat.Options)!,
                HttpStatusCode.Gone => throw new NotDeliveredException($"The silo at {peer} has been restarted: it is not the one that was meant.", false, null),
                HttpStatusCode.Unauthorized => throw new OrleansMessageRejectionException($"The process at {peer} refuses our messages: set the same {SharedSecret.Key} and cluster id on both sides."),
                var other => throw new OrleansMessageRejectionException($"The process at {peer} answered {(int)other} to {path}: {Encoding.UTF8.GetString(reply)}"),
            };
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError)
        {
            var refused = exception.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused };
            throw new NotDeliveredException($"No connection to {peer}: {(exception.InnerException ?? exception).Message}.", refused, exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw new SiloUnavailableException($"The connection to {peer} broke before the answer came: the call may or may not have run.", exception);
        }
    }

    public void Dispose() => _http.Dispose();
}
