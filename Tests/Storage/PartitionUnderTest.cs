using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Storage;

namespace Sluice.Tests.Storage;

/// <summary>A partition in a directory of its own, with a clock of its own, and words instead of bytes.</summary>
internal sealed class PartitionUnderTest : IDisposable
{
    private readonly bool ownsDirectory;
    private readonly bool ownsEngine;
    private readonly TimeProvider time;

    public PartitionUnderTest(string? directory = null, ManualTimeProvider? clock = null, FsyncPolicy fsync = FsyncPolicy.No, StorageEngine? engine = null, int shard = 0, int shardCount = 1, TimeProvider? time = null)
    {
        ownsDirectory = directory is null;
        Directory = directory ?? TestDirectory.Create();
        Clock = clock ?? new ManualTimeProvider();
        this.time = time ?? Clock;
        ownsEngine = engine is null;
        Engine = engine ?? new StorageEngine(new StorageEngineOptions { BlockCacheBytes = 8 << 20, Partitions = 16 });
        Options = new PartitionOptions { Directory = Path.Combine(Directory, "live"), Engine = Engine, Key = new ReplicaKey(shard, "node-a"), ShardCount = shardCount, Fsync = fsync, RandomSeed = 7 };
        Partition = Partition.Open(Options, this.time, NullLogger.Instance);
    }

    public string Directory { get; }

    public ManualTimeProvider Clock { get; }

    public StorageEngine Engine { get; }

    public PartitionOptions Options { get; }

    public Partition Partition { get; private set; }

    /// <summary>Executes one command, its words separated by blanks, and returns its reply as it is sent.</summary>
    public string Do(string command) => Do(Words(command));

    /// <summary>Executes one command.</summary>
    public string Do(params byte[][] command) => DoAll([command])[0];

    /// <summary>Executes several commands as one batch.</summary>
    public string[] DoAll(params string[] commands) => DoAll([.. commands.Select(Words)]);

    /// <summary>Executes several commands as one batch.</summary>
    public string[] DoAll(byte[][][] commands, bool writable = true) => Split(Partition.Execute(new CommandBatch { Commands = commands }, writable).Replies);

    public static string[] Split(ReplyBatch replies)
    {
        var start = 0;
        return [.. replies.Ends.Select(end =>
        {
            var reply = Encoding.Latin1.GetString(replies.Bytes, start, end - start);
            start = end;
            return reply;
        })];
    }

    public static byte[][] Words(string command) => [.. command.Split(' ').Select((word, index) => Encoding.UTF8.GetBytes(index == 0 ? word.ToUpperInvariant() : word))];

    /// <summary>Closes the partition and opens it again.</summary>
    public async Task ReopenAsync()
    {
        await CloseAsync();
        Partition = Partition.Open(Options, time, NullLogger.Instance);
    }

    public async Task CloseAsync()
    {
        Partition.Dispose();
        await Partition.Closed.WaitAsync(TestDirectory.Patience);
    }

    public void Dispose()
    {
        Partition.Dispose();
        Partition.Closed.Wait(TestDirectory.Patience);
        if (ownsEngine)
        {
            Engine.Dispose();
        }

        if (ownsDirectory)
        {
            System.IO.Directory.Delete(Directory, recursive: true);
        }
    }
}

internal static class TestDirectory
{
    /// <summary>How long a test waits for what must come.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static string Create() => Directory.CreateTempSubdirectory("sluice-storage-").FullName;
}
