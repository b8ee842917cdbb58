using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Sluice.Client;

namespace Sluice.Cli;

/// <summary>A client that is connected, and what must be closed with it.</summary>
internal sealed class ClusterConnection(ISluiceClient client, Func<ValueTask> close) : IAsyncDisposable
{
    /// <summary>A gateway that takes longer to answer is taken for dead: a person waits in front of it.</summary>
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(3);

    public ISluiceClient Client { get; } = client;

    /// <exception cref="SluiceUnreachableException">No gateway answers.</exception>
    public static async Task<ClusterConnection> OpenAsync(ConnectionSettings settings, CancellationToken cancellationToken)
    {
        await ProbeAsync(settings, cancellationToken).ConfigureAwait(false);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.ClearProviders();
        builder.AddSluiceClient(options =>
        {
            foreach (var gateway in settings.Gateways)
            {
                options.Gateways.Add(gateway);
            }

            options.ClusterId = settings.ClusterId;
            options.SharedSecret = settings.SharedSecret;
        });
        var host = builder.Build();
        try
        {
            using var timeout = new CancellationTokenSource(ConnectTimeout, TimeProvider.System);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            await host.StartAsync(either.Token).WaitAsync(either.Token).ConfigureAwait(false);
            return new ClusterConnection(host.Services.GetRequiredService<ISluiceClient>(), () => CloseAsync(host));
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested && IsNoAnswer(error))
        {
            await CloseAsync(host).ConfigureAwait(false);
            throw NoAnswer(settings, error);
        }
    }

    public ValueTask DisposeAsync() => close();

    /// <summary>Finds out at once whether anybody listens: the client itself would try for as long as it is let.</summary>
    private static async Task ProbeAsync(ConnectionSettings settings, CancellationToken cancellationToken)
    {
        Exception? last = null;
        foreach (var gateway in settings.Gateways)
        {
            using var timeout = new CancellationTokenSource(ProbeTimeout, TimeProvider.System);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            using var socket = new Socket(gateway.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(gateway, either.Token).ConfigureAwait(false);
                return;
            }
            catch (Exception error) when (error is SocketException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                last = error;
            }
        }

        throw NoAnswer(settings, last);
    }

    private static SluiceUnreachableException NoAnswer(ConnectionSettings settings, Exception? error) =>
        new($"No node answers at {string.Join(", ", settings.Gateways)}: start one, or name another gateway with --connect HOST:PORT.", error ?? new TimeoutException());

    private static bool IsNoAnswer(Exception error) =>
        error is OperationCanceledException or TimeoutException or OrleansException or IOException or HttpRequestException or SocketException;

    private static async ValueTask CloseAsync(IHost host)
    {
        // A cluster that is down must not hold the command's end up.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), TimeProvider.System);
        try
        {
            await host.StopAsync(limit.Token).WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (IsNoAnswer(error))
        {
            // The connection is gone in any case, and the command has its result.
            _ = error;
        }

        host.Dispose();
    }
}
