using System.Buffers.Binary;

namespace Sluice.Storage.Log;

/// <summary>Tells an epoch's first record from other records of a log: a write batch of one put into <c>meta</c> (<see cref="EpochHistory.KeyOf"/>). Pure.</summary>
internal static class EpochBeginning
{
    // Sequence and count; tag of a put into a column family, the family (2: meta), the key's length; the key: what all begin with, and the epoch.
    private const int HeaderLength = 12;
    private const int KeyOffset = HeaderLength + 3;

    /// <summary>The epoch that a write batch begins; null when it begins none.</summary>
    public static long? Of(ReadOnlySpan<byte> batch)
    {
        var prefix = EpochHistory.KeyPrefix;
        var keyLength = prefix.Length + sizeof(long);
        return batch.Length >= KeyOffset + keyLength
            && BinaryPrimitives.ReadInt32LittleEndian(batch[8..]) == 1
            && batch[HeaderLength] == 0x05 && batch[HeaderLength + 1] == 2 && batch[HeaderLength + 2] == keyLength
            && batch[KeyOffset..].StartsWith(prefix)
                ? BinaryPrimitives.ReadInt64BigEndian(batch[(KeyOffset + prefix.Length)..])
                : null;
    }
}
