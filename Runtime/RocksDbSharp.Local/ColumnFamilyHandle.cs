using System.Diagnostics.CodeAnalysis;
using RocksDbSharp.Handles;

namespace RocksDbSharp;

/// <summary>A column family of one open database. Valid until it is dropped or the database is disposed.</summary>
[SuppressMessage("Naming", "CA1715", Justification = "The name is RocksDbSharp's.")]
[SuppressMessage("Naming", "CA1711", Justification = "The name is RocksDbSharp's.")]
public interface ColumnFamilyHandle
{
    /// <summary>The native pointer, or 0 once it is no longer valid.</summary>
    IntPtr Handle { get; }
}

internal sealed class ColumnFamilyHandleInternal(ColumnFamilySafeHandle handle) : ColumnFamilyHandle
{
    public IntPtr Handle => SafeHandle.Database.Pointer == 0 ? 0 : SafeHandle.Pointer;

    internal ColumnFamilySafeHandle SafeHandle { get; } = handle;

    /// <summary>The native side of <paramref name="columnFamily"/>.</summary>
    /// <exception cref="ArgumentException">It was not made by this library, or belongs to another database.</exception>
    /// <exception cref="ObjectDisposedException">It was dropped, or its database disposed.</exception>
    internal static ColumnFamilySafeHandle Of(ColumnFamilyHandle columnFamily, DatabaseHandle? database = null)
    {
        if (columnFamily is not ColumnFamilyHandleInternal known)
        {
            throw new ArgumentException("The column family handle does not come from an open RocksDb; ask one with GetColumnFamily.", nameof(columnFamily));
        }

        known.SafeHandle.Database.InUse();
        if (database is not null && known.SafeHandle.Database != database)
        {
            throw new ArgumentException("The column family belongs to another database; ask this one with GetColumnFamily.", nameof(columnFamily));
        }

        ObjectDisposedException.ThrowIf(known.SafeHandle.IsClosed, columnFamily);
        return known.SafeHandle;
    }
}
