namespace Sluice.Tests.Simulation.Cluster;

/// <summary>The disk refused a write: it has no room.</summary>
internal sealed class DiskFullException() : IOException(Text)
{
    public const string Text = "No space left on device";
}

/// <summary>
/// The bytes of one file, which is only ever appended to or cut. What is beyond the durable length is in the page cache: the loss of power takes a random part of it, and leaves zeros where the file had grown
/// but its blocks had not been written.
/// </summary>
internal sealed class DiskFile
{
    private byte[] bytes = [];

    public int Length { get; private set; }

    public int Durable { get; private set; }

    public ReadOnlySpan<byte> Content => bytes.AsSpan(0, Length);

    public void Append(ReadOnlySpan<byte> data)
    {
        if (Length + data.Length > bytes.Length)
        {
            Array.Resize(ref bytes, Math.Max(64, 2 * (Length + data.Length)));
        }

        data.CopyTo(bytes.AsSpan(Length));
        Length += data.Length;
    }

    public void Cut(int length)
    {
        Length = Math.Min(Length, length);
        Durable = Math.Min(Durable, length);
    }

    public void Sync(int length) => Durable = Math.Max(Durable, Math.Min(length, Length));

    public void Flip(int bit) => bytes[bit / 8] ^= (byte)(1 << (bit % 8));

    public void LosePower(World world)
    {
        if (Length > Durable)
        {
            Length = Durable + world.Next(Length - Durable + 1);
            if (world.Chance(0.2))
            {
                bytes.AsSpan((Durable + world.Next(Length - Durable + 1))..Length).Clear();
            }
        }

        Durable = Length;
    }
}

/// <summary>
/// Names and what they stand for, files in a directory or directories in a replica's root. Changes are in memory until they are made durable; the loss of power leaves the earlier ones and takes the later ones,
/// as a journalling file system does.
/// </summary>
internal sealed class DiskNames<T> where T : class
{
    private readonly Queue<(string Name, T? Becomes, string? From)> pending = new();
    private Dictionary<string, T> durable = new(StringComparer.Ordinal);

    public Dictionary<string, T> Entries { get; private set; } = new(StringComparer.Ordinal);

    public T? Find(string name) => Entries.GetValueOrDefault(name);

    public void Set(string name, T entry) => Change(name, entry, null);

    public void Remove(string name) => Change(name, null, null);

    public void Rename(string from, string to) => Change(to, Entries[from], from);

    public void Sync()
    {
        while (pending.TryDequeue(out var change))
        {
            Apply(durable, change);
        }
    }

    public void LosePower(World world)
    {
        for (var kept = world.Next(pending.Count + 1); kept > 0; kept--)
        {
            Apply(durable, pending.Dequeue());
        }

        pending.Clear();
        Entries = new Dictionary<string, T>(durable, StringComparer.Ordinal);
    }

    private static void Apply(Dictionary<string, T> entries, (string Name, T? Becomes, string? From) change)
    {
        if (change.From is { } from)
        {
            entries.Remove(from);
        }

        if (change.Becomes is { } entry)
        {
            entries[change.Name] = entry;
        }
        else
        {
            entries.Remove(change.Name);
        }
    }

    private void Change(string name, T? becomes, string? from)
    {
        var change = (name, becomes, from);
        Apply(Entries, change);
        pending.Enqueue(change);
    }
}

/// <summary>A directory of files.</summary>
internal sealed class DiskDirectory
{
    public DiskNames<DiskFile> Names { get; } = new();

    /// <summary>The database that was opened there.</summary>
    public Database? Database { get; set; }

    public long Bytes => Names.Entries.Values.Sum(file => (long)file.Length);

    public void LosePower(World world)
    {
        Names.LosePower(world);
        foreach (var file in Names.Entries.Values)
        {
            file.LosePower(world);
        }

        Database?.LosePower(world);
    }
}

/// <summary>The disk of one node: slow or full when the scenario wants it.</summary>
internal sealed class Disk(World world)
{
    public DiskNames<DiskDirectory> Root { get; } = new();

    /// <summary>The mean time of a write that is made durable.</summary>
    public TimeSpan SyncTime { get; set; } = TimeSpan.FromMilliseconds(4);

    public bool IsFull { get; set; }

    public TimeSpan NextSync() => world.Around(SyncTime);

    public DiskDirectory Directory(string name)
    {
        if (Root.Find(name) is not { } directory)
        {
            directory = new DiskDirectory();
            Root.Set(name, directory);
        }

        return directory;
    }

    /// <summary>Appends to a file. A full disk takes a part of it and refuses the rest.</summary>
    public void Append(DiskFile file, ReadOnlySpan<byte> data)
    {
        if (IsFull)
        {
            file.Append(data[..world.Next(data.Length)]);
            throw new DiskFullException();
        }

        file.Append(data);
    }

    public void LosePower()
    {
        Root.LosePower(world);
        foreach (var directory in Root.Entries.Values)
        {
            directory.LosePower(world);
        }
    }
}

/// <summary>A small record that is replaced as a whole, as FileGrainStorage does it: a crash during the replacement leaves the old one or the new one.</summary>
internal sealed class DurableCell<T>(World world, T first)
{
    private T? unsure;
    private bool isBeingWritten;

    public T Value { get; private set; } = first;

    /// <summary>Sets it before anything begins.</summary>
    public void Set(T value) => Value = value;

    public void Write(Process process, TimeSpan takes, T value, Action written)
    {
        (unsure, isBeingWritten) = (value, true);
        process.After(takes, () =>
        {
            (Value, isBeingWritten) = (value, false);
            written();
        });
    }

    public void Crash()
    {
        if (isBeingWritten && world.Chance(0.5))
        {
            Value = unsure!;
        }

        isBeingWritten = false;
    }
}
