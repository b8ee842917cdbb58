using System.Runtime.InteropServices;

namespace Sluice.Silo;

/// <summary>
/// How the C library keeps memory that RocksDB has freed. Left alone, glibc keeps up to eight heaps for each core, and raises the size from which memory is given back at once to 32 MiB as soon as a
/// large piece was freed: a node that had been copied kept 200 MiB that nobody used. With two heaps and fixed thresholds it keeps a few.
/// </summary>
internal static class NativeMemory
{
    // The parameters of mallopt(3).
    private const int TrimThreshold = -1;
    private const int MapThreshold = -3;
    private const int ArenaMax = -8;

    /// <summary>Two: RocksDB's own threads and the node's rarely allocate at the same moment, and each heap keeps its own free memory.</summary>
    private const int Heaps = 2;

    /// <summary>256 KiB: memtables' blocks and read-ahead buffers are larger and go straight back, blocks of tables are smaller and are used again.</summary>
    private const int Threshold = 256 * 1024;

    /// <summary>Sets them; before RocksDB is loaded. Another C library than glibc has its own ways, and is left to them.</summary>
    /// <returns>Whether the C library took all of them.</returns>
    public static bool KeepLittle()
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        try
        {
            return (MallocOption(ArenaMax, Heaps) & MallocOption(MapThreshold, Threshold) & MallocOption(TrimThreshold, Threshold)) == 1;
        }
        catch (EntryPointNotFoundException)
        {
            // musl has no mallopt, and gives memory back anyway.
            return false;
        }
    }

    [DllImport("libc", EntryPoint = "mallopt")]
    private static extern int MallocOption(int parameter, int value);
}
