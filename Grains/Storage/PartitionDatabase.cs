using RocksDbSharp;

namespace Sluice.Storage;

/// <summary>
/// An open RocksDB database with its column families, and the count of those who use it. Its owner releases it once; whoever else uses it, on whatever
/// thread, does so within <see cref="Enter"/>. The native database is closed when the last of them has left, never under somebody's feet.
/// </summary>
internal sealed class PartitionDatabase
{
    /// <summary>In the order in which they are created: their numbers are in every log record, so all replicas must agree on them.</summary>
    public static readonly string[] ColumnFamilyNames = [ColumnFamilies.DefaultName, "expires", "meta"];

    private readonly TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string name;
    private int users = 1;
    private volatile bool released;

    public PartitionDatabase(RocksDb database, string name)
    {
        Database = database;
        this.name = name;
        Data = database.GetColumnFamily(ColumnFamilyNames[0]);
        Expires = database.GetColumnFamily(ColumnFamilyNames[1]);
        Meta = database.GetColumnFamily(ColumnFamilyNames[2]);
    }

    /// <summary>RocksDB itself; only within <see cref="Enter"/>.</summary>
    public RocksDb Database { get; }

    /// <summary><see cref="DataKey"/> to <see cref="StoredValue"/>.</summary>
    public ColumnFamilyHandle Data { get; }

    /// <summary><see cref="ExpiryKey"/>s.</summary>
    public ColumnFamilyHandle Expires { get; }

    /// <summary>Records about the replica itself: the encoding's version, epochs.</summary>
    public ColumnFamilyHandle Meta { get; }

    /// <summary>Ends when the native database is closed: its directory may be moved, or opened again.</summary>
    public Task Closed => closed.Task;

    /// <summary>Called now and then by long work, so that closing does not wait for its end.</summary>
    /// <exception cref="ShardUnavailableException">The owner has released it.</exception>
    public void ThrowIfReleased()
    {
        if (released)
        {
            throw Unavailable();
        }
    }

    /// <summary>Keeps the native database open until the lease is disposed of.</summary>
    /// <exception cref="ShardUnavailableException">It is closed, or about to be.</exception>
    public Lease Enter()
    {
        var current = Volatile.Read(ref users);
        while (current > 0 && !released)
        {
            var seen = Interlocked.CompareExchange(ref users, current + 1, current);
            if (seen == current)
            {
                return new Lease(this);
            }

            current = seen;
        }

        throw Unavailable();
    }

    /// <summary>The owner has done with it: nobody enters any more, and the native database closes with the last one to leave.</summary>
    public void Release()
    {
        released = true;
        Leave();
    }

    private ShardUnavailableException Unavailable() => new($"The replica {name} is closed on this node; ask again when it has been opened.");

    private void Leave()
    {
        if (Interlocked.Decrement(ref users) > 0)
        {
            return;
        }

        Database.Dispose();
        closed.SetResult();
    }

    /// <summary>Somebody's use of the database.</summary>
    public readonly struct Lease(PartitionDatabase database) : IDisposable
    {
        public void Dispose() => database.Leave();
    }
}
