using System.Runtime.InteropServices;
using RocksDbSharp.Handles;
using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>Reads many keys in one call.</summary>
internal static class MultiRead
{
    internal static KeyValuePair<byte[], byte[]?>[] Get(
        DatabaseHandle database, byte[][] keys, ColumnFamilySafeHandle[] columnFamilies, ReadOptions options)
    {
        int count = keys.Length;
        var pins = new GCHandle[count];
        var families = new nint[count];
        var addresses = new nint[count];
        var lengths = new nuint[count];
        var values = new nint[count];
        var valueLengths = new nuint[count];
        var errors = new nint[count];
        int held = 0;
        try
        {
            for (; held < count; held++)
            {
                ArgumentNullException.ThrowIfNull(keys[held]);
                bool added = false;
                columnFamilies[held].DangerousAddRef(ref added);
                families[held] = columnFamilies[held].DangerousGetHandle();
                pins[held] = GCHandle.Alloc(keys[held], GCHandleType.Pinned);
                addresses[held] = pins[held].AddrOfPinnedObject();
                lengths[held] = (nuint)keys[held].Length;
            }

            using SnapshotUse snapshot = options.UseSnapshot(database);
            DataApi.rocksdb_multi_get_cf(
                database, options.SafeHandle, families, (nuint)count, addresses, lengths, values, valueLengths, errors);
            return Collect(keys, values, valueLengths, errors);
        }
        finally
        {
            for (int i = 0; i < held; i++)
            {
                pins[i].Free();
                columnFamilies[i].DangerousRelease();
            }
        }
    }

    private static unsafe KeyValuePair<byte[], byte[]?>[] Collect(byte[][] keys, nint[] values, nuint[] lengths, nint[] errors)
    {
        try
        {
            int failed = Array.FindIndex(errors, error => error != 0);
            if (failed >= 0)
            {
                nint error = errors[failed];
                errors[failed] = 0;
                throw new RocksDbException(error);
            }

            var result = new KeyValuePair<byte[], byte[]?>[keys.Length];
            for (int i = 0; i < keys.Length; i++)
            {
                byte[]? value = values[i] == 0 ? null : new ReadOnlySpan<byte>((void*)values[i], checked((int)lengths[i])).ToArray();
                result[i] = new(keys[i], value);
            }

            return result;
        }
        finally
        {
            foreach (nint allocated in values.Concat(errors))
            {
                DatabaseApi.rocksdb_free(allocated);
            }
        }
    }
}
