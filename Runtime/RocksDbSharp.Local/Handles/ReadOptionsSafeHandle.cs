using System.Runtime.InteropServices;
using RocksDbSharp.Interop;

namespace RocksDbSharp.Handles;

/// <summary>
/// Read options and the memory of their bounds. RocksDB copies neither: an iterator reads both in place, so they stay until the
/// last iterator made with them is gone, and bounds do not change under an open iterator.
/// </summary>
internal sealed unsafe class ReadOptionsSafeHandle() : OwnedHandle(OptionsApi.rocksdb_readoptions_create())
{
    private int _readers;
    private void* _lowerBound;
    private void* _upperBound;

    internal void AddReader()
    {
        bool added = false;
        DangerousAddRef(ref added);
        Interlocked.Increment(ref _readers);
    }

    internal void RemoveReader()
    {
        Interlocked.Decrement(ref _readers);
        DangerousRelease();
    }

    internal void SetLowerBound(ReadOnlySpan<byte> key)
    {
        void* copy = CopyBound(key);
        OptionsApi.rocksdb_readoptions_set_iterate_lower_bound(this, (nint)copy, (nuint)key.Length);
        NativeMemory.Free(_lowerBound);
        _lowerBound = copy;
    }

    internal void SetUpperBound(ReadOnlySpan<byte> key)
    {
        void* copy = CopyBound(key);
        OptionsApi.rocksdb_readoptions_set_iterate_upper_bound(this, (nint)copy, (nuint)key.Length);
        NativeMemory.Free(_upperBound);
        _upperBound = copy;
    }

    protected override void Destroy(nint pointer)
    {
        OptionsApi.rocksdb_readoptions_destroy(pointer);
        NativeMemory.Free(_lowerBound);
        NativeMemory.Free(_upperBound);
    }

    private void* CopyBound(ReadOnlySpan<byte> key)
    {
        if (Volatile.Read(ref _readers) != 0)
        {
            throw new InvalidOperationException(
                "An open iterator reads these options' bounds in place; dispose it before changing a bound, or use other options.");
        }

        // One byte at least: a null pointer would mean 'no bound', not 'the empty key'.
        void* copy = NativeMemory.Alloc((nuint)Math.Max(key.Length, 1));
        key.CopyTo(new Span<byte>(copy, key.Length));
        return copy;
    }
}
