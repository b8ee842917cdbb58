using RocksDbSharp.Handles;

namespace RocksDbSharp;

/// <summary>
/// Options to open a database or a column family with. RocksDB copies them when it opens; changing them afterwards changes
/// nothing. They are freed by the finalizer, as RocksDbSharp's are.
/// </summary>
public abstract class OptionsHandle
{
    /// <summary>The native pointer.</summary>
    public IntPtr Handle => SafeHandle.Pointer;

    internal OptionsSafeHandle SafeHandle { get; } = new();
}

/// <summary>Options of a whole database, and of its column families where they have none of their own.</summary>
public class DbOptions : Options<DbOptions>
{
}

/// <summary>Options of one column family.</summary>
public class ColumnFamilyOptions : Options<ColumnFamilyOptions>
{
}
