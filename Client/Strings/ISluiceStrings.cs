namespace Sluice.Client;

/// <summary>
/// Strings, at the primaries of their shards. Keys and values are bytes; a text stands for its UTF-8. A value may have
/// <see cref="SluiceClientOptions.MaxValueBytes"/>; larger ones (to 512 MiB) go through a node's RESP port.
/// </summary>
public interface ISluiceStrings
{
    /// <summary>A key's value; null when there is no such key.</summary>
    Task<byte[]?> GetAsync(SluiceBytes key, CancellationToken cancellationToken = default);

    /// <summary>Values of many keys, in the keys' order; the calls to different shards run side by side.</summary>
    Task<IReadOnlyList<byte[]?>> GetManyAsync(IReadOnlyList<SluiceBytes> keys, CancellationToken cancellationToken = default);

    /// <summary>Sets a key. False when the condition of <paramref name="options"/> did not hold.</summary>
    Task<bool> SetAsync(SluiceBytes key, SluiceBytes value, SetOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Sets many keys. Keys of one shard that fit into one call are set together; across shards the order is not defined.</summary>
    Task SetManyAsync(IReadOnlyList<KeyValuePair<SluiceBytes, SluiceBytes>> pairs, CancellationToken cancellationToken = default);

    /// <summary>Deletes a key. False when there was none.</summary>
    Task<bool> DeleteAsync(SluiceBytes key, CancellationToken cancellationToken = default);

    /// <summary>Deletes many keys and returns how many there were.</summary>
    Task<long> DeleteManyAsync(IReadOnlyList<SluiceBytes> keys, CancellationToken cancellationToken = default);

    /// <summary>Whether there is such a key.</summary>
    Task<bool> ExistsAsync(SluiceBytes key, CancellationToken cancellationToken = default);

    /// <summary>Adds to a number, which is 0 when there is no such key; returns the sum.</summary>
    Task<long> IncrementAsync(SluiceBytes key, long by = 1, CancellationToken cancellationToken = default);

    /// <summary>Appends to a value and returns its length in bytes.</summary>
    Task<long> AppendAsync(SluiceBytes key, SluiceBytes tail, CancellationToken cancellationToken = default);

    /// <summary>The time that a key still lives; null when there is no such key or it has no expiry.</summary>
    Task<TimeSpan?> GetTimeToLiveAsync(SluiceBytes key, CancellationToken cancellationToken = default);

    /// <summary>Gives a key an expiry, at least 1 ms from now. False when there is no such key.</summary>
    Task<bool> ExpireAsync(SluiceBytes key, TimeSpan after, CancellationToken cancellationToken = default);

    /// <summary>Takes a key's expiry away. False when there is no such key or it has none.</summary>
    Task<bool> PersistAsync(SluiceBytes key, CancellationToken cancellationToken = default);
}
