using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;
using Orleans.Streams;
using Sluice.Bandwidth;
using Sluice.Replication;

namespace Sluice.Benchmarks;

/// <summary>
/// What the data plane moves over loopback without a limit, durable at the end, beside what <c>cp -r</c> and <c>sync</c> need for the same files on the same disk, in turns. Both ends share this process
/// and the machine's cores.
/// </summary>
internal static class CopyBenchmark
{
    private const int MiB = 1 << 20;
    private const int FileMiB = 64;
    private const int Rounds = 3;

    /// <summary>Runs it and prints the table; 1 when the data plane reaches less than half of cp and sync.</summary>
    public static async Task<int> RunAsync(int mib)
    {
        var root = Directory.CreateTempSubdirectory("sluice-copy-").FullName;
        try
        {
            var source = Path.Combine(root, "source");
            var files = MakeFiles(source, mib);
            Console.WriteLine("| round | cp -r and sync, MiB/s | data plane, MiB/s | ratio |");
            Console.WriteLine("| --- | --- | --- | --- |");
            double copies = 0, planes = 0;
            for (var round = 1; round <= Rounds; round++)
            {
                var copy = mib / await TimeAsync(() => CopyAndSyncAsync(source, Path.Combine(root, "copied")));
                Directory.Delete(Path.Combine(root, "copied"), recursive: true);
                await RunToolAsync("sync");
                var plane = mib / await TimeAsync(() => CopyByDataPlaneAsync(source, files, Path.Combine(root, "staged")));
                Directory.Delete(Path.Combine(root, "staged"), recursive: true);
                await RunToolAsync("sync");
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {round} | {copy:0} | {plane:0} | {plane / copy:0.00} |"));
                copies += copy;
                planes += plane;
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| mean | {copies / Rounds:0} | {planes / Rounds:0} | {planes / copies:0.00} |"));
            return planes >= copies / 2 ? 0 : 1;
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    // Incompressible, as the files of a store whose values are.
    private static ImmutableArray<SnapshotFile> MakeFiles(string directory, int mib)
    {
        Directory.CreateDirectory(directory);
        var random = new Random(1);
        var files = ImmutableArray.CreateBuilder<SnapshotFile>();
        for (var left = mib; left > 0; left -= FileMiB)
        {
            var content = new byte[Math.Min(left, FileMiB) * MiB];
            random.NextBytes(content);
            var name = string.Create(CultureInfo.InvariantCulture, $"{files.Count:D6}.sst");
            File.WriteAllBytes(Path.Combine(directory, name), content);
            files.Add(new SnapshotFile(name, content.Length, Crc32C.Compute(content)));
        }

        return files.ToImmutable();
    }

    private static async Task<double> TimeAsync(Func<Task> action)
    {
        var start = TimeProvider.System.GetTimestamp();
        await action();
        return TimeProvider.System.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task CopyAndSyncAsync(string from, string to)
    {
        await RunToolAsync("cp", "-r", from, to);
        await RunToolAsync("sync");
    }

    private static async Task RunToolAsync(string name, params string[] arguments)
    {
        using var process = Process.Start(name, arguments);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{name} {string.Join(' ', arguments)} ended with status {process.ExitCode}.");
        }
    }

    private static async Task CopyByDataPlaneAsync(string source, ImmutableArray<SnapshotFile> files, string staging)
    {
        var time = TimeProvider.System;
        var sources = new ReplicationSources();
        var snapshot = new Files(source, files);
        using var offer = sources.OfferSnapshot(snapshot.Lease.Id, snapshot);
        await using var listener = new ReplicationListener(
            new ReplicationOptions { Node = "a", ListenOn = new IPEndPoint(IPAddress.Loopback, 0) }, sources, new FlowTable(), new FrameBufferPool(), time, NullLogger<ReplicationListener>.Instance);
        await listener.StartAsync(CancellationToken.None);
        await using var provider = new ReplicationStreamProvider(
            new ReplicationOptions { Node = "b" }, new OnePeer(listener.EndPoint), new FrameBufferPool(), time, NullLogger<ReplicationStreamProvider>.Instance);
        await using var writer = await StagingWriter.CreateAsync(
            staging, new StagingPlan(snapshot.Lease.Id, "a", snapshot.Lease.Manifest, snapshot.Lease.Transfer), [], time, NullLogger.Instance, CancellationToken.None);
        var observer = new Observer(writer);
        var handle = (ReplicationSubscriptionHandle<SnapshotChunk>)await provider
            .GetStream<SnapshotChunk>(ReplicationStreams.Snapshot(new ReplicaKey(0, "a"), snapshot.Lease.Id)).SubscribeAsync(observer);
        writer.DurableAdvanced += position => _ = handle.AcknowledgeAsync(position);
        await observer.Ended.Task;
        await writer.CompleteAsync(CancellationToken.None);
    }

    private sealed class Observer(StagingWriter writer) : IAsyncObserver<SnapshotChunk>
    {
        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task OnNextAsync(SnapshotChunk item, StreamSequenceToken? token = null) => writer.WriteAsync(item).AsTask();

        public Task OnCompletedAsync()
        {
            Ended.SetResult();
            return Task.CompletedTask;
        }

        public Task OnErrorAsync(Exception ex)
        {
            Ended.SetException(ex);
            return Task.CompletedTask;
        }
    }

    private sealed class OnePeer(IPEndPoint address) : IReplicationPeers
    {
        public ValueTask<IPEndPoint> FindAsync(string node, CancellationToken cancellationToken) => ValueTask.FromResult(address);
    }

    private sealed class Files(string directory, ImmutableArray<SnapshotFile> files) : ISnapshotSource
    {
        public SnapshotLease Lease { get; } = new()
        {
            Id = Guid.NewGuid(),
            Manifest = new SnapshotManifest { SnapshotId = Guid.NewGuid(), Shard = 0, Epoch = 1, Sequence = 1, Files = files },
            Transfer = [.. Enumerable.Range(0, files.Length)],
        };

        public SafeFileHandle OpenFile(int fileIndex) => File.OpenHandle(Path.Combine(directory, files[fileIndex].Name));

        public void Touch()
        {
            // The lease of a benchmark does not lapse.
        }

        public void Damaged(string reason) => throw new IOException(reason);
    }
}
