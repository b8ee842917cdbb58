using System.Runtime.InteropServices;
using RocksDbSharp.Interop;

namespace RocksDbSharp.Handles;

/// <summary>A native object that depends on no database: options, caches, batches. Destroyed on disposal or by the finalizer.</summary>
internal abstract class OwnedHandle : SafeHandle
{
    protected OwnedHandle(nint pointer)
        : base(0, ownsHandle: true) => SetHandle(pointer);

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>The native pointer, or 0 after disposal.</summary>
    internal nint Pointer => IsClosed ? 0 : handle;

    /// <inheritdoc/>
    protected sealed override bool ReleaseHandle()
    {
        Destroy(handle);
        return true;
    }

    protected abstract void Destroy(nint pointer);
}

internal sealed class OptionsSafeHandle() : OwnedHandle(OptionsApi.rocksdb_options_create())
{
    protected override void Destroy(nint pointer) => OptionsApi.rocksdb_options_destroy(pointer);
}

internal sealed class WriteOptionsSafeHandle() : OwnedHandle(OptionsApi.rocksdb_writeoptions_create())
{
    protected override void Destroy(nint pointer) => OptionsApi.rocksdb_writeoptions_destroy(pointer);
}

internal sealed class FlushOptionsSafeHandle() : OwnedHandle(OptionsApi.rocksdb_flushoptions_create())
{
    protected override void Destroy(nint pointer) => OptionsApi.rocksdb_flushoptions_destroy(pointer);
}

internal sealed class TableOptionsSafeHandle() : OwnedHandle(TableApi.rocksdb_block_based_options_create())
{
    protected override void Destroy(nint pointer) => TableApi.rocksdb_block_based_options_destroy(pointer);
}

internal sealed class CacheSafeHandle(ulong capacity) : OwnedHandle(TableApi.rocksdb_cache_create_lru((nuint)capacity))
{
    protected override void Destroy(nint pointer) => TableApi.rocksdb_cache_destroy(pointer);
}

internal sealed class WriteBatchSafeHandle(nint batch) : OwnedHandle(batch)
{
    protected override void Destroy(nint pointer) => WriteBatchApi.rocksdb_writebatch_destroy(pointer);
}

/// <summary>
/// An object whose owner becomes the options that it is set on: RocksDB deletes it with them. A second owner would delete it twice, so
/// it can be given away once.
/// </summary>
internal abstract class TransferableHandle(nint pointer) : OwnedHandle(pointer)
{
    private int _given;

    /// <summary>The pointer, to be handed to its new owner.</summary>
    /// <exception cref="InvalidOperationException">It already has one.</exception>
    internal nint GiveAway(string what)
    {
        if (Interlocked.Exchange(ref _given, 1) != 0)
        {
            throw new InvalidOperationException($"This {what} already belongs to other options, which will delete it; create one for each.");
        }

        nint given = handle;
        SetHandleAsInvalid();
        return given;
    }
}

internal sealed class FilterPolicySafeHandle(double bitsPerKey) : TransferableHandle(TableApi.rocksdb_filterpolicy_create_bloom_full(bitsPerKey))
{
    protected override void Destroy(nint pointer) => TableApi.rocksdb_filterpolicy_destroy(pointer);
}

internal sealed class SliceTransformSafeHandle(nint pointer) : TransferableHandle(pointer)
{
    protected override void Destroy(nint pointer) => TableApi.rocksdb_slicetransform_destroy(pointer);
}
