using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Sluice.Sync;

/// <summary>What a file is on its disk, whatever its names.</summary>
/// <param name="Inode">Its number.</param>
/// <param name="Links">How many names it has.</param>
/// <param name="Bytes">Bytes that it takes on the disk.</param>
internal readonly record struct FileLinks(ulong Inode, uint Links, long Bytes)
{
    /// <summary>
    /// Bytes that the files of snapshots take beyond the live ones: of the files all of whose names are in snapshots, each once. Pure.
    /// </summary>
    /// <param name="files">The files of all snapshots of one database; a file comes once for each of its names.</param>
    public static long HeldBytes(IEnumerable<FileLinks> files) =>
        files.GroupBy(file => file.Inode).Where(names => names.Count() >= names.First().Links).Sum(names => names.First().Bytes);
}

/// <summary>Asks the system for <see cref="FileLinks"/>. On systems other than Linux every file counts as linked elsewhere, so snapshots seem to hold nothing.</summary>
internal static partial class FileLinksReader
{
    private const int CurrentDirectory = -100;
    private const uint BasicStats = 0x7ff;

    // struct statx is the same on every processor; the offsets are part of the kernel's interface.
    private const int StatxBytes = 256;
    private const int LinksOffset = 16;
    private const int InodeOffset = 32;
    private const int BlocksOffset = 48;
    private const int BlockBytes = 512;

    /// <summary>The files of a directory. One that goes meanwhile is left out.</summary>
    public static unsafe List<FileLinks> Of(string directory)
    {
        var files = new List<FileLinks>();
        if (!OperatingSystem.IsLinux())
        {
            return files;
        }

        Span<byte> buffer = stackalloc byte[StatxBytes];
        foreach (var path in Names(directory))
        {
            fixed (byte* target = buffer)
            {
                if (Statx(CurrentDirectory, path, 0, BasicStats, target) != 0)
                {
                    continue;
                }
            }

            files.Add(new FileLinks(
                BinaryPrimitives.ReadUInt64LittleEndian(buffer[InodeOffset..]),
                BinaryPrimitives.ReadUInt32LittleEndian(buffer[LinksOffset..]),
                (long)BinaryPrimitives.ReadUInt64LittleEndian(buffer[BlocksOffset..]) * BlockBytes));
        }

        return files;
    }

    private static string[] Names(string directory)
    {
        try
        {
            return Directory.GetFiles(directory);
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int directory, string path, int flags, uint mask, byte* result);
}
