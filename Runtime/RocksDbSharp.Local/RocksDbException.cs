using System.Runtime.InteropServices;
using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>An error of this library or of RocksDB.</summary>
public class RocksDbSharpException(string message) : Exception(message);

/// <summary>An error that RocksDB reported, in RocksDB's own words.</summary>
public class RocksDbException : RocksDbSharpException
{
    /// <summary>Takes the text from an error that the C API returned, and frees it.</summary>
    public RocksDbException(IntPtr errptr)
        : base(Marshal.PtrToStringUTF8(errptr) ?? "RocksDB reported an error without a text.") =>
        DatabaseApi.rocksdb_free(errptr);

    internal static void ThrowIfSet(nint error)
    {
        if (error != 0)
        {
            throw new RocksDbException(error);
        }
    }
}
