using Sluice.Storage.Commands;

namespace Sluice.Storage;

/// <summary>
/// Background expiry of a primary: walks the expiry index from its beginning up to now, and deletes the keys that are due through ordinary writes, so that replicas delete them through
/// the log, and never by themselves. Used under the partition's gate only.
/// </summary>
internal sealed class ExpirySweep(Keyspace keyspace)
{
    // What stood before this entry is deleted; walking over RocksDB's markers of it again and again would take ever longer.
    private byte[]? resumeAt;

    /// <summary>Deletes what is due, as one record of the log.</summary>
    /// <param name="limit">How many entries of the index at most.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <returns>How many entries were handled; as many as <paramref name="limit"/> when there may be more.</returns>
    public int Run(int limit, long now)
    {
        var earliest = keyspace.TakeEarliestExpiry();
        if (resumeAt is not null && earliest <= ExpiryKey.Expiry(resumeAt))
        {
            resumeAt = null;
        }

        keyspace.Begin(now);
        try
        {
            var handled = Collect(limit, now);
            keyspace.Commit();
            return handled;
        }
        catch
        {
            resumeAt = null;
            keyspace.Discard();
            throw;
        }
    }

    /// <summary>Entries may have come that are earlier than where the last sweep ended.</summary>
    public void Reset() => resumeAt = null;

    private int Collect(int limit, long now)
    {
        var database = keyspace.Database;
        using var iterator = database.Database.NewIterator(database.Expires);
        iterator.Seek(resumeAt ?? [0]);
        var handled = 0;
        var last = default(byte[]);
        for (; handled < limit && iterator.Valid() && ExpiryKey.Expiry(iterator.GetKeySpan()) < now; iterator.Next())
        {
            var entry = iterator.GetKeySpan();
            keyspace.Expire(entry);
            handled++;
            if (handled == limit)
            {
                last = entry.ToArray();
            }
        }

        resumeAt = last ?? resumeAt;
        return handled;
    }
}
