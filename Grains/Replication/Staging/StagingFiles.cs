using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Replication;

/// <summary>What staging asks of the file system beyond what .NET has: room set aside beforehand, and writing back that begins before it is waited for.</summary>
internal static partial class StagingFiles
{
    private const int KeepSize = 1;
    private const int NoSpace = 28;
    private const int OverQuota = 122;
    private const int NotSupported = 95;
    private const uint WriteBack = 2;

    /// <summary>Opens a new file and sets its room aside, so that a full disk shows before the bytes are fetched and the file lies in one piece.</summary>
    /// <exception cref="StagingSpaceException">There is not so much room.</exception>
    public static SafeFileHandle Create(string path, long size)
    {
        var handle = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
        if (!OperatingSystem.IsLinux() || size == 0 || Allocate(handle, KeepSize, 0, size) == 0)
        {
            return handle;
        }

        var error = Marshal.GetLastPInvokeError();
        if (error == NotSupported)
        {
            return handle;
        }

        handle.Dispose();
        throw error is NoSpace or OverQuota
            ? new StagingSpaceException($"There is no room for '{path}' of {size} bytes: free some, the copy goes on from where it stands.")
            : new IOException($"'{path}' of {size} bytes cannot be allocated: {Marshal.GetPInvokeErrorMessage(error)}.");
    }

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

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle handle, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    private static partial int SyncFileRange(SafeFileHandle handle, long offset, long length, uint flags);
}
