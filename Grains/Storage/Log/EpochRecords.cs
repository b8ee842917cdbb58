namespace Sluice.Storage.Log;

/// <summary>Reads and writes the epoch records of a database, which together are its <see cref="EpochHistory"/>.</summary>
internal static class EpochRecords
{
    /// <summary>The history that a database holds.</summary>
    /// <exception cref="InvalidDataException">Its records make none.</exception>
    public static EpochHistory Read(PartitionDatabase database)
    {
        var history = EpochHistory.Empty;
        using var iterator = database.Database.NewIterator(database.Meta);
        for (iterator.Seek(EpochHistory.KeyPrefix.ToArray()); iterator.Valid() && iterator.Key().AsSpan().StartsWith(EpochHistory.KeyPrefix); iterator.Next())
        {
            history = history.Append(EpochHistory.Decode(iterator.Key(), iterator.Value()));
        }

        return history;
    }

    /// <summary>Writes the record of a reign, as one record of the log.</summary>
    public static void Write(PartitionDatabase database, Reign reign) =>
        database.Database.Put(EpochHistory.KeyOf(reign.Epoch), EpochHistory.Encode(reign), database.Meta);
}
