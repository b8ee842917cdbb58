using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;
using Orleans.Streams;
using Sluice.Bandwidth;
using Sluice.Replication;

namespace Sluice.Tests.Replication;

/// <summary>A sending node "a" (listener) and a receiving node "b" (stream provider) in this process, over real loopback sockets.</summary>
internal sealed class LoopbackNodes : IReplicationPeers, IAsyncDisposable
{
    /// <summary>More than any step of these tests needs, on a machine however busy.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly string root = Directory.CreateTempSubdirectory("sluice-replication-").FullName;

    private LoopbackNodes()
    {
        Sending = new ReplicationOptions { Node = "a", ListenOn = new IPEndPoint(IPAddress.Loopback, 0) };
        Receiving = new ReplicationOptions { Node = "b" };
        Listener = new ReplicationListener(Sending, Sources, Flows, SendingPool, TimeProvider.System, NullLogger<ReplicationListener>.Instance);
        Provider = new ReplicationStreamProvider(Receiving, this, ReceivingPool, TimeProvider.System, NullLogger<ReplicationStreamProvider>.Instance);
    }

    public ReplicationOptions Sending { get; }

    public ReplicationOptions Receiving { get; }

    public ReplicationSources Sources { get; } = new();

    public FlowTable Flows { get; } = new();

    public FrameBufferPool SendingPool { get; } = new();

    public FrameBufferPool ReceivingPool { get; } = new();

    public ReplicationListener Listener { get; }

    public ReplicationStreamProvider Provider { get; }

    /// <summary>Where node b looks for node a; null: at its listener.</summary>
    public IPEndPoint? Detour { get; set; }

    public static async Task<LoopbackNodes> StartAsync(Action<LoopbackNodes>? configure = null)
    {
        var nodes = new LoopbackNodes();
        configure?.Invoke(nodes);
        await nodes.Listener.StartAsync(CancellationToken.None);
        return nodes;
    }

    public ValueTask<IPEndPoint> FindAsync(string node, CancellationToken cancellationToken) => ValueTask.FromResult(Detour ?? Listener.EndPoint);

    /// <summary>An own directory.</summary>
    public string NewDirectory(string name) => Directory.CreateDirectory(Path.Combine(root, name)).FullName;

    public string PathOf(string name) => Path.Combine(root, name);

    /// <summary>Makes files of given sizes and offers them as a leased snapshot.</summary>
    public FileSnapshot OfferSnapshot(int seed, params long[] sizes)
    {
        var directory = NewDirectory("source-" + Guid.NewGuid().ToString("N"));
        var random = new Random(seed);
        var files = ImmutableArray.CreateBuilder<SnapshotFile>();
        foreach (var size in sizes)
        {
            var content = new byte[size];
            random.NextBytes(content);
            var name = $"{files.Count:D6}.sst";
            File.WriteAllBytes(Path.Combine(directory, name), content);
            files.Add(new SnapshotFile(name, size, Crc32C.Compute(content)));
        }

        var snapshot = new FileSnapshot(directory, files.ToImmutable());
        snapshot.Registration = Sources.OfferSnapshot(snapshot.Lease.Id, snapshot);
        return snapshot;
    }

    /// <summary>Offers a snapshot of one file of zeros that takes no room on disk; for tests of rates, its checksum is not told.</summary>
    public FileSnapshot OfferZeros(long size)
    {
        var directory = NewDirectory("zeros-" + Guid.NewGuid().ToString("N"));
        using (var file = File.OpenHandle(Path.Combine(directory, "000000.sst"), FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.SetLength(file, size);
        }

        var snapshot = new FileSnapshot(directory, [new SnapshotFile("000000.sst", size, 0)]);
        snapshot.Registration = Sources.OfferSnapshot(snapshot.Lease.Id, snapshot);
        return snapshot;
    }

    public IAsyncStream<SnapshotChunk> SnapshotStream(FileSnapshot snapshot) =>
        Provider.GetStream<SnapshotChunk>(ReplicationStreams.Snapshot(new ReplicaKey(3, "a"), snapshot.Lease.Id));

    public IAsyncStream<LogFrame> LogStream() => Provider.GetStream<LogFrame>(ReplicationStreams.Log(new ReplicaKey(3, "a")));

    public IAsyncStream<LogFrame> SpoolStream() => Provider.GetStream<LogFrame>(ReplicationStreams.Spool(new ReplicaKey(3, "a")));

    public async ValueTask DisposeAsync()
    {
        await Provider.DisposeAsync();
        await Listener.DisposeAsync().AsTask().WaitAsync(Bound);
        Directory.Delete(root, recursive: true);
    }
}

/// <summary>A leased snapshot of plain files.</summary>
internal sealed class FileSnapshot : ISnapshotSource
{
    private readonly string directory;
    private int touched;

    public FileSnapshot(string directory, ImmutableArray<SnapshotFile> files)
    {
        this.directory = directory;
        Lease = new SnapshotLease
        {
            Id = Guid.NewGuid(),
            Manifest = new SnapshotManifest { SnapshotId = Guid.NewGuid(), Shard = 3, Epoch = 5, Sequence = 1000, Files = files },
            Transfer = [.. Enumerable.Range(0, files.Length)],
            Duration = TimeSpan.FromMinutes(1),
        };
    }

    public SnapshotLease Lease { get; set; }

    public IDisposable? Registration { get; set; }

    public int Touched => Volatile.Read(ref touched);

    public int Opened { get; private set; }

    public SafeFileHandle OpenFile(int fileIndex)
    {
        Opened++;
        return File.OpenHandle(PathOf(fileIndex), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
    }

    public void Touch() => Interlocked.Increment(ref touched);

    public string? Damage { get; private set; }

    public void Damaged(string reason) => Damage = reason;

    public string PathOf(int fileIndex) => Path.Combine(directory, Lease.Manifest.Files[fileIndex].Name);
}

/// <summary>An observer whose handling is a function and whose end can be awaited.</summary>
internal sealed class Observer<T>(Func<T, StreamSequenceToken, Task> next) : IAsyncObserver<T>
{
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the stream is complete, fails as the stream fails.</summary>
    public Task Ended => ended.Task.WaitAsync(LoopbackNodes.Bound);

    public bool HasEnded => ended.Task.IsCompleted;

    public Task OnNextAsync(T item, StreamSequenceToken? token = null) => next(item, token!);

    public Task OnCompletedAsync()
    {
        ended.SetResult();
        return Task.CompletedTask;
    }

    public Task OnErrorAsync(Exception ex)
    {
        ended.SetException(ex);
        return Task.CompletedTask;
    }
}
