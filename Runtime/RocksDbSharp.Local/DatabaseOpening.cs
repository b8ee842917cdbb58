using System.Runtime.InteropServices;
using RocksDbSharp.Handles;
using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>
/// Opens databases, always with column families, so that each function needs only its column family form: a database opened without
/// naming any is opened with 'default' alone, which is what RocksDB itself makes of it.
/// </summary>
internal static class DatabaseOpening
{
    /// <param name="options">The database's options, and the default column family's if <paramref name="columnFamilies"/> is null.</param>
    /// <param name="path">The directory.</param>
    /// <param name="columnFamilies">Null to open with the default one alone.</param>
    /// <param name="readOnlyErrorIfLog">Null to open for writing, else read-only: whether it is an error that a log file exists.</param>
    internal static RocksDb Open(OptionsHandle options, string path, ColumnFamilies? columnFamilies, bool? readOnlyErrorIfLog)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(path);
        string[] names = columnFamilies is null ? [ColumnFamilies.DefaultName] : [.. columnFamilies.Names];
        nint[] familyOptions = columnFamilies is null ? [options.Handle] : [.. columnFamilies.OptionHandles];
        if (names.Distinct().Count() != names.Length)
        {
            throw new ArgumentException($"A column family is named twice among: {string.Join(", ", names)}.", nameof(columnFamilies));
        }

        var families = new nint[names.Length];
        nint error = 0;
        nint database = readOnlyErrorIfLog is bool errorIfLog
            ? DatabaseApi.rocksdb_open_for_read_only_column_families(
                options.SafeHandle, path, names.Length, names, familyOptions, families, Native.MarshalBool(errorIfLog), ref error)
            : DatabaseApi.rocksdb_open_column_families(options.SafeHandle, path, names.Length, names, familyOptions, families, ref error);
        GC.KeepAlive(options);
        GC.KeepAlive(columnFamilies);
        RocksDbException.ThrowIfSet(error);

        var handle = new DatabaseHandle(database);
        var byName = new Dictionary<string, ColumnFamilyHandleInternal>(names.Length);
        for (int i = 0; i < names.Length; i++)
        {
            var family = new ColumnFamilySafeHandle(handle);
            family.Attach(families[i]);
            byName.Add(names[i], new ColumnFamilyHandleInternal(family));
        }

        return new RocksDb(handle, path, byName, named: columnFamilies is not null);
    }

    /// <summary>The column families of the database in <paramref name="path"/>, or an error, which the caller frees.</summary>
    internal static string[] List(DbOptions options, string path, out nint error)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(path);
        error = 0;
        nint list = DatabaseApi.rocksdb_list_column_families(options.SafeHandle, path, out nuint count, ref error);
        if (error != 0)
        {
            return [];
        }

        var names = new string[checked((int)count)];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = Marshal.PtrToStringUTF8(Marshal.ReadIntPtr(list, i * nint.Size)) ?? "";
        }

        DatabaseApi.rocksdb_list_column_families_destroy(list, count);
        return names;
    }
}
