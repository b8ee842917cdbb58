using System.Buffers.Binary;
using RocksDbSharp;

namespace Sluice.Storage;

/// <summary>
/// The version of a database's whole layout: the record <c>version</c> of the <c>meta</c> column family, a u32 big-endian. It is the first write of a new database, on a primary and on a replica
/// alike, so that both begin with the same log.
/// </summary>
internal static class FormatVersion
{
    /// <summary>The layout that this code writes, and the newest it reads.</summary>
    public const uint Current = 1;

    private static ReadOnlySpan<byte> Key => "version"u8;

    /// <summary>Writes the version into a database that holds nothing.</summary>
    public static void Write(RocksDb database, ColumnFamilyHandle meta)
    {
        Span<byte> value = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(value, Current);
        using var batch = new WriteBatch();
        batch.Put(Key, value, meta);
        database.Write(batch, new WriteOptions().SetSync(true));
    }

    /// <summary>Checks the version of a database.</summary>
    /// <exception cref="StorageFormatException">It is newer than this code, or missing.</exception>
    public static void Check(RocksDb database, ColumnFamilyHandle meta, string directory)
    {
        var value = database.Get(Key, meta);
        if (value is null || value.Length != sizeof(uint))
        {
            throw new StorageFormatException($"The database in {directory} does not say which version of Sluice wrote it; it is none of Sluice's. Give the node another data directory.");
        }

        var version = BinaryPrimitives.ReadUInt32BigEndian(value);
        if (version > Current)
        {
            throw new StorageFormatException($"The database in {directory} was written in version {version} of the format, this program knows version {Current}. Start a newer Sluice on it.");
        }
    }
}
