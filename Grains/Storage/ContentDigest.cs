using System.Buffers.Binary;
using System.Security.Cryptography;
using RocksDbSharp;

namespace Sluice.Storage;

/// <summary>
/// The digest of a partition's content at one sequence: SHA-256 over all keys that have not expired, in the order of their <see cref="DataKey"/>s, each as
/// <code>[length of the key: u32 big-endian][key][type: u8][expiry: i64 big-endian, 0 for none][length of the payload: u32 big-endian][payload]</code>
/// Two replicas with the same content have the same digest, whatever their files look like.
/// </summary>
internal static class ContentDigest
{
    /// <summary>Keys between two looks at whether the work is still wanted.</summary>
    private const int KeysBetweenChecks = 1024;

    /// <summary>Computes the digest of a snapshot. Walks over everything, past the block cache.</summary>
    /// <param name="database">The database; the caller keeps it open.</param>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="sequence">The snapshot's sequence.</param>
    /// <param name="now">Unix milliseconds: what has expired by then is left out.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="ShardUnavailableException">The partition is being closed.</exception>
    public static ShardDigest Compute(PartitionDatabase database, Snapshot snapshot, long sequence, long now, CancellationToken cancellationToken)
    {
        var options = new ReadOptions().SetSnapshot(snapshot).SetFillCache(false).SetReadaheadSize(2 << 20);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var iterator = database.Database.NewIterator(database.Data, options);
        var keys = 0L;
        var bytes = 0L;
        Span<byte> frame = stackalloc byte[13];
        for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next())
        {
            if (keys % KeysBetweenChecks == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                database.ThrowIfReleased();
            }

            var value = StoredValue.Decode(iterator.GetValueSpan());
            if (value.HasExpired(now))
            {
                continue;
            }

            var key = DataKey.UserKey(iterator.GetKeySpan());
            BinaryPrimitives.WriteInt32BigEndian(frame, key.Length);
            hash.AppendData(frame[..4]);
            hash.AppendData(key);
            frame[0] = (byte)value.Type;
            BinaryPrimitives.WriteInt64BigEndian(frame[1..], value.Expiry);
            BinaryPrimitives.WriteInt32BigEndian(frame[9..], value.Payload.Length);
            hash.AppendData(frame);
            hash.AppendData(value.Payload);
            keys++;
            bytes += key.Length + value.Payload.Length;
        }

        Native.Instance.rocksdb_iter_get_error(iterator.Handle);
        return new ShardDigest(sequence, keys, bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }
}
