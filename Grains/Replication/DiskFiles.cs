using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Replication;

/// <summary>
/// What staging and spooling ask of the file system beyond what .NET has: room set aside beforehand, writing back that begins before it is waited for, data made durable without what only tells times, and
/// hard links.
/// </summary>
internal static partial class DiskFiles
{
    private const int KeepSize = 1;
    private const int NoSpace = 28;
    private const int OverQuota = 122;
    private const int NotSupported = 95;
    private const uint WriteBack = 2;

    /// <summary>
    /// Makes a new file and sets its room aside, so that a full disk shows before the bytes are fetched and the file lies in one piece. A file of that name is removed first, never written over: it may
    /// be a link to one that a database uses.
    /// </summary>
    /// <exception cref="IOException">There is not so much room (<see cref="IsFull"/>), or the disk fails.</exception>
    public static SafeFileHandle Create(string path, long size)
    {
        File.Delete(path);
        var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            Reserve(handle, path, 0, size);
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Sets room aside for a range of a file; its size stays what it is.</summary>
    /// <exception cref="IOException">There is not so much room (<see cref="IsFull"/>), or the disk fails.</exception>
    public static void Reserve(SafeFileHandle handle, string path, long offset, long length)
    {
        if (!OperatingSystem.IsLinux() || length == 0 || Allocate(handle, KeepSize, offset, length) == 0)
        {
            return;
        }

        var error = Marshal.GetLastPInvokeError();
        if (error != NotSupported)
        {
            throw Failed(error, $"'{path}' cannot have {length} bytes more");
        }
    }

    /// <summary>Makes a file's bytes survive a crash, and of what is told about the file only what is needed to read them.</summary>
    /// <exception cref="IOException">The disk fails.</exception>
    public static void SyncData(SafeFileHandle handle)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(handle);
        }
        else if (DataSync(handle) != 0)
        {
            throw Failed(Marshal.GetLastPInvokeError(), "a file cannot be synced");
        }
    }

    /// <summary>Gives a file a second name. Neither name is more than the other; the bytes stay until both are gone.</summary>
    /// <returns>False when there is no such file, or the file system cannot do it: then the file has to be copied.</returns>
    public static bool TryLink(string existing, string second) => OperatingSystem.IsLinux() && Link(existing, second) == 0;

    /// <summary>Begins to write a range to the disk without waiting, so that the fsync that follows finds little left to do. Advice: it cannot fail in a way that matters.</summary>
    public static void BeginWriteBack(SafeFileHandle handle, long offset, long length)
    {
        if (OperatingSystem.IsLinux())
        {
            // A file system without the operation does without; a failing disk is reported by the fsync that follows.
            _ = SyncFileRange(handle, offset, length, WriteBack);
        }
    }

    /// <summary>Whether an error says that the file system is full.</summary>
    public static bool IsFull(IOException error) => (error.HResult & 0xFFFF) is NoSpace or OverQuota or 0x70;

    private static IOException Failed(int error, string what) => new($"{what}: {Marshal.GetPInvokeErrorMessage(error)}.", error);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int DataSync(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string second);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle handle, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    private static partial int SyncFileRange(SafeFileHandle handle, long offset, long length, uint flags);
}
