using System.Text;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Storage;

namespace Sluice.Benchmarks;

/// <summary>A partition executing pipelines of 16 commands, as redis-benchmark -P 16 sends them.</summary>
[MemoryDiagnoser]
[ShortRunJob]
public class ExecuteBenchmark
{
    private const int Keys = 10_000;
    private readonly string directory = Directory.CreateTempSubdirectory("sluice-execute").FullName;
    private StorageEngine engine = null!;
    private Partition partition = null!;
    private CommandBatch sets = null!;
    private CommandBatch gets = null!;

    /// <summary>Opens a partition with ten thousand keys.</summary>
    [GlobalSetup]
    public void Open()
    {
        engine = new StorageEngine(new StorageEngineOptions { Partitions = 1 });
        partition = Partition.Open(
            new PartitionOptions { Directory = directory, Engine = engine, Key = new ReplicaKey(0, "benchmark"), Fsync = FsyncPolicy.No }, TimeProvider.System, NullLogger.Instance);
        for (var n = 0; n < Keys; n += 16)
        {
            partition.Execute(Batch(i => ["SET"u8.ToArray(), Key(n + i), new byte[64]]), writable: true);
        }

        sets = Batch(i => ["SET"u8.ToArray(), Key(i * 611), new byte[64]]);
        gets = Batch(i => ["GET"u8.ToArray(), Key(i * 611)]);
    }

    /// <summary>Closes and removes it.</summary>
    [GlobalCleanup]
    public void Close()
    {
        partition.Dispose();
        partition.Closed.GetAwaiter().GetResult();
        engine.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>16 SETs of 64 bytes.</summary>
    [Benchmark(OperationsPerInvoke = 16)]
    public ExecutionResult Set() => partition.Execute(sets, writable: true);

    /// <summary>16 GETs of 64 bytes.</summary>
    [Benchmark(OperationsPerInvoke = 16)]
    public ExecutionResult Get() => partition.Execute(gets, writable: true);

    private static byte[] Key(int n) => Encoding.ASCII.GetBytes($"key:{n % Keys:D12}");

    private static CommandBatch Batch(Func<int, byte[][]> command) => new() { Commands = [.. Enumerable.Range(0, 16).Select(command)] };
}
