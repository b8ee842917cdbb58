using System.Globalization;
using System.Net;
using System.Text;
using Sluice.Cli.Commands;
using Sluice.Cli.Loading;
using Sluice.Cli.Rendering;
using Sluice.Client;
using Spectre.Console;

namespace Sluice.Cli.Demo;

/// <summary>
/// What Sluice exists for, on real data, from the outside: wait for two nodes, load a directory into one through its RESP port, order the other to become its
/// replica, write a second batch while the copy runs, wait until the replica is live and has all writes, and compare digests of everything on both.
/// </summary>
internal sealed class MainJob(CommandEnvironment environment, ConnectionSettings settings, string primary, string replica, bool quiet)
{
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>A replica that is live is at most some milliseconds behind; this long means that the log does not flow.</summary>
    private static readonly TimeSpan CaughtUpTimeout = TimeSpan.FromSeconds(60);

    private readonly CommandOutput output = environment.Output;
    private readonly TimeProvider time = environment.Time;

    public async Task<JobSummary> RunAsync(FileSet files, CancellationToken cancellationToken)
    {
        Say($"waiting for nodes {primary} and {replica}");
        await using var connection = await ConnectAsync(cancellationToken).ConfigureAwait(false);
        var client = connection.Client;
        var (from, to) = await ReadyAsync(client, cancellationToken).ConfigureAwait(false);

        Say($"loading {Quantity.Count(files.Files.Count)} files, {Quantity.Bytes(files.Bytes)}, from {files.Directory} into {primary} at {from}");
        var load = await new LoadDisplay(output, quiet, time)
            .RunAsync(files, new FileLoader(from, password: null, connections: 4), cancellationToken).ConfigureAwait(false);

        var memory = new MemoryGrowth(client, [primary, replica]);
        await memory.MarkAsync(cancellationToken).ConfigureAwait(false);
        Say($"REPLICAOF {from.Address} {from.Port} on {replica}; a second batch of writes goes to {primary} meanwhile");
        var started = time.GetUtcNow();
        await OrderAsync(from, to, cancellationToken).ConfigureAwait(false);

        await using var writes = await SecondBatch.OpenAsync(from, files.Files, time, cancellationToken).ConfigureAwait(false);
        using var copied = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var writing = writes.WriteAsync(copied.Token, cancellationToken);
        var last = await WatchAsync(client, memory, started, writing, cancellationToken).ConfigureAwait(false);
        var during = writes.Written;
        await copied.CancelAsync().ConfigureAwait(false);
        await writing.ConfigureAwait(false);

        Say($"{replica} is live; waiting until it has the second batch, then comparing digests");
        await CaughtUpAsync(client, cancellationToken).ConfigureAwait(false);
        await memory.LookAsync(cancellationToken).ConfigureAwait(false);
        var digests = await Task.WhenAll(
            client.Nodes.ComputeDigestAsync(primary, cancellationToken), client.Nodes.ComputeDigestAsync(replica, cancellationToken)).ConfigureAwait(false);
        return new JobSummary
        {
            Load = load,
            Elapsed = last.Syncs.Max(sync => sync.LiveAt ?? last.At) - started,
            PayloadBytes = last.Syncs.Sum(sync => sync.TotalBytes),
            WireBytes = last.Syncs.Sum(sync => sync.WireBytes),
            WritesDuringCopy = during,
            Writes = writes.Written,
            Memory = memory.Results,
            Digests = digests,
        };
    }

    private void Say(string text)
    {
        if (quiet)
        {
            return;
        }

        if (output.IsTerminal)
        {
            output.Ansi.MarkupLine($"[bold deepskyblue1]▸[/] {Markup.Escape(text)}");
        }
        else
        {
            output.Line(string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():HH:mm:ss} {text}"));
        }
    }

    private async Task<ClusterConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await environment.Connect(settings, cancellationToken).ConfigureAwait(false);
            }
            catch (SluiceUnreachableException) when (time.GetElapsedTime(start) < ReadyTimeout)
            {
                // The nodes may be starting still.
                await Task.Delay(LookInterval, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Waits until both nodes report and the first is the primary of everything; returns their RESP endpoints.</summary>
    private async Task<(IPEndPoint From, IPEndPoint To)> ReadyAsync(ISluiceClient client, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            var problem = "";
            try
            {
                var nodes = await client.Nodes.ListAsync(cancellationToken).ConfigureAwait(false);
                var from = nodes.FirstOrDefault(node => node.Address.Name == primary);
                var to = nodes.FirstOrDefault(node => node.Address.Name == replica);
                if (from?.Report is { Shards.IsEmpty: false } && to?.Report is not null)
                {
                    var topology = await client.Nodes.GetTopologyAsync(cancellationToken).ConfigureAwait(false);
                    return topology.Shards.All(shard => shard.Primary == primary)
                        ? (await AnswersAsync(from, cancellationToken).ConfigureAwait(false), await AnswersAsync(to, cancellationToken).ConfigureAwait(false))
                        : throw new CommandFailedException($"Node {primary} is not the primary of all shards: the job needs a cluster that {primary} joined first.");
                }

                problem = $"{nodes.Count(node => node.Report is not null)} nodes report, {string.Join(", ", nodes.Select(node => node.Address.Name))} have joined";
            }
            catch (SluiceUnreachableException error)
            {
                problem = error.Message;
            }

            if (time.GetElapsedTime(start) > ReadyTimeout)
            {
                throw new CommandFailedException($"Nodes {primary} and {replica} were not ready after {Quantity.Time(ReadyTimeout)}: {problem}.");
            }

            await Task.Delay(LookInterval, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<IPEndPoint> AnswersAsync(NodeState node, CancellationToken cancellationToken)
    {
        var endpoint = GatewayAddress.Parse(node.Address.Host, node.Address.RespPort);
        await using var resp = await RespConnection.OpenAsync(endpoint, password: null, cancellationToken).ConfigureAwait(false);
        (await resp.CallAsync(cancellationToken, "PING"u8.ToArray()).ConfigureAwait(false)).Checked();
        return endpoint;
    }

    private static async Task OrderAsync(IPEndPoint from, IPEndPoint to, CancellationToken cancellationToken)
    {
        await using var resp = await RespConnection.OpenAsync(to, password: null, cancellationToken).ConfigureAwait(false);
        var reply = await resp.CallAsync(
            cancellationToken, "REPLICAOF"u8.ToArray(), Encoding.ASCII.GetBytes(from.Address.ToString()), RespCommand.Number(from.Port)).ConfigureAwait(false);
        reply.Checked();
    }

    private async Task<SyncSnapshot> WatchAsync(
        ISluiceClient client, MemoryGrowth memory, DateTimeOffset started, Task writing, CancellationToken cancellationToken)
    {
        var shards = (await client.Nodes.GetTopologyAsync(cancellationToken).ConfigureAwait(false)).Shards.Length;
        var snapshots = LookingAt(client.Syncs.WatchAsync(replica, LookInterval, cancellationToken), memory, writing, cancellationToken);
        bool IsLast(SyncSnapshot snapshot) => snapshot.AllLive && snapshot.Syncs.Length == shards && snapshot.Syncs.All(sync => sync.LiveAt >= started);
        SyncSnapshot? last = null;
        if (quiet)
        {
            await foreach (var snapshot in snapshots.ConfigureAwait(false))
            {
                last = snapshot;
                if (IsLast(snapshot))
                {
                    break;
                }
            }
        }
        else
        {
            last = await new SyncWatch(output, json: false, TimeSpan.FromSeconds(2)).ShowAsync(snapshots, IsLast).ConfigureAwait(false);
        }

        return last ?? throw new CommandFailedException("The watch ended before a first look.");
    }

    private static async IAsyncEnumerable<SyncSnapshot> LookingAt(
        IAsyncEnumerable<SyncSnapshot> snapshots, MemoryGrowth memory, Task writing,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var snapshot in snapshots.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (writing.IsFaulted)
            {
                await writing.ConfigureAwait(false);
            }

            await memory.LookAsync(cancellationToken).ConfigureAwait(false);
            yield return snapshot;
        }
    }

    private async Task CaughtUpAsync(ISluiceClient client, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            var replicas = await client.Replicas.ListAsync(cancellationToken).ConfigureAwait(false);
            var behind = replicas.Where(state => state.Replica.Node == replica).Count(state =>
            {
                var source = replicas.First(other => other.Replica.Shard == state.Replica.Shard && other.Role == ReplicaRole.Primary);
                return state.Status is null || source.Status is null || state.Status.Sequence < source.Status.Sequence;
            });
            if (behind == 0)
            {
                return;
            }

            if (time.GetElapsedTime(start) > CaughtUpTimeout)
            {
                throw new CommandFailedException($"{behind} shards of {replica} were still behind {primary} {Quantity.Time(CaughtUpTimeout)} after the last write: their log does not flow.");
            }

            await Task.Delay(LookInterval, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
