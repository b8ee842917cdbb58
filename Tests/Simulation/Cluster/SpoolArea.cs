using System.Globalization;
using Sluice.Replication;
using Sluice.Storage.Log;
using Sluice.Sync;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>
/// A spool on the simulated disk, with the real encoding of segments and records: LogSpool's order of steps (records, sync, then the position is durable; a segment is whole and durable before the next one is made). It differs
/// from the real one in that segments are a few records long, and that what was applied is deleted at the end only.
/// </summary>
internal sealed class SpoolArea
{
    private const string Name = "spool";
    private const int RecordsPerSegment = 12;

    private readonly World world;
    private readonly Disk disk;
    private readonly Process process;
    private readonly List<(long First, DiskFile File)> segments = [];
    private int recordsInSegment;

    private SpoolArea(World world, Disk disk, Process process)
    {
        this.world = world;
        this.disk = disk;
        this.process = process;
    }

    /// <summary>Its first sequence; 0: it is empty.</summary>
    public long First { get; private set; }

    /// <summary>What was handed to the file system.</summary>
    public LogPosition End { get; private set; }

    /// <summary>What would survive a crash.</summary>
    public LogPosition Durable { get; private set; }

    public long Bytes => segments.Sum(segment => (long)segment.File.Length);

    private DiskNames<DiskFile> Names => disk.Directory(Name).Names;

    /// <summary>Opens what the disk holds: the records that follow each other, whole; what lies behind is cut off.</summary>
    public static SpoolArea Open(World world, Disk disk, Process process)
    {
        var spool = new SpoolArea(world, disk, process);
        foreach (var (name, file) in spool.Names.Entries.OrderBy(entry => entry.Key, StringComparer.Ordinal).ToList())
        {
            if (!spool.Take(long.Parse(name.Split('.')[0], CultureInfo.InvariantCulture), file))
            {
                spool.Names.Remove(name);
            }
        }

        // Nobody knows whether what was in the page cache of an earlier life is on the disk.
        spool.segments.ForEach(segment => segment.File.Sync(segment.File.Length));
        spool.Names.Sync();
        spool.Durable = spool.End;
        return spool;
    }

    public static void Discard(Disk disk)
    {
        if (disk.Root.Find(Name) is not null)
        {
            disk.Root.Remove(Name);
        }
    }

    public SpoolFacts? Facts() => First == 0 ? null : new SpoolFacts(First, Durable);

    /// <summary>Gets ready for what follows a position. What it holds of something else is thrown away: it says whether.</summary>
    public bool Begin(LogPosition after)
    {
        if (First != 0 && End == after)
        {
            return false;
        }

        foreach (var name in Names.Entries.Keys.ToList())
        {
            Names.Remove(name);
        }

        segments.Clear();
        (First, End, Durable) = (0, after, after);
        return true;
    }

    /// <summary>Appends a record; says what is wrong, or null.</summary>
    public string? Append(LogRecord record)
    {
        if (record.Sequence != End.Sequence + 1)
        {
            return $"the record at {record.Sequence} does not follow {End.Sequence}";
        }

        // The epoch that wrote the record: the one before it, unless it begins a new one.
        var read = Record.Read(record.Batch);
        var epoch = read.BeginsEpoch ? read.Epoch : End.Epoch;
        try
        {
            if (segments.Count == 0 || recordsInSegment >= RecordsPerSegment)
            {
                NewSegment(record.Sequence);
            }

            var bytes = new byte[SpoolEncoding.RecordHeaderBytes + record.Batch.Length];
            SpoolEncoding.WriteRecordHeader(bytes, epoch, record);
            record.Batch.CopyTo(bytes, SpoolEncoding.RecordHeaderBytes);
            var before = segments[^1].File.Length;
            try
            {
                disk.Append(segments[^1].File, bytes);
            }
            catch (DiskFullException)
            {
                segments[^1].File.Cut(before);
                throw;
            }
        }
        catch (DiskFullException error)
        {
            return error.Message;
        }

        recordsInSegment++;
        First = First == 0 ? record.Sequence : First;
        End = new LogPosition(epoch, record.Sequence + record.Count - 1);
        return null;
    }

    public void Sync(Action done)
    {
        var end = End;
        var lengths = segments.Select(segment => (segment.File, segment.File.Length)).ToList();
        process.After(disk.NextSync(), () =>
        {
            lengths.ForEach(synced => synced.File.Sync(synced.Length));
            Names.Sync();
            disk.Root.Sync();
            Durable = end.Sequence > Durable.Sequence ? end : Durable;
            done();
        });
    }

    /// <summary>The record that begins at a sequence, or the one in which it lies; null behind the end; an error when the disk has changed it.</summary>
    public (SpooledRecord? Record, string? Damage) Read(long sequence)
    {
        foreach (var (first, file) in segments.AsEnumerable().Reverse().Where(segment => segment.First <= sequence))
        {
            for (var (offset, next) = (SpoolEncoding.HeaderBytes, first); offset < file.Length;)
            {
                if (ReadAt(file, ref offset, next) is not { } record)
                {
                    return (null, $"the spool is damaged after {next - 1}");
                }

                next = record.Last + 1;
                if (next > sequence)
                {
                    return (record, null);
                }
            }

            return (null, null);
        }

        return (null, null);
    }

    /// <summary>Removes what cannot be trusted: all from a sequence on.</summary>
    public void Cut(long lastGood)
    {
        var kept = segments.TakeWhile(segment => segment.First <= lastGood).ToList();
        foreach (var (first, _) in segments.Skip(kept.Count))
        {
            Names.Remove(NameOf(first));
        }

        segments.Clear();
        (First, End, recordsInSegment) = (0, default, 0);
        foreach (var (first, file) in kept)
        {
            Take(first, file);
        }

        Durable = End;
    }

    private static string NameOf(long first) => first.ToString("D20", CultureInfo.InvariantCulture) + ".spool";

    private static SpooledRecord? ReadAt(DiskFile file, ref int offset, long next)
    {
        var rest = file.Content[offset..];
        if (rest.Length < SpoolEncoding.RecordHeaderBytes || SpoolEncoding.BatchBytes(rest) is var length && (length < 0 || length > rest.Length - SpoolEncoding.RecordHeaderBytes))
        {
            return null;
        }

        var record = SpoolEncoding.ReadRecord(rest[..SpoolEncoding.RecordHeaderBytes], rest.Slice(SpoolEncoding.RecordHeaderBytes, (int)length).ToArray());
        if (record is not { } read || read.Record.Sequence != next)
        {
            return null;
        }

        offset += SpoolEncoding.RecordHeaderBytes + (int)length;
        return record;
    }

    // Takes a segment over as far as its records are whole. False when it does not follow what was taken before.
    private bool Take(long first, DiskFile file)
    {
        var follows = segments.Count == 0 || first == End.Sequence + 1;
        if (!follows || SpoolEncoding.ReadHeader(file.Content) is not { } header || header.First != first)
        {
            return false;
        }

        var (offset, next) = (SpoolEncoding.HeaderBytes, first);
        recordsInSegment = 0;
        while (offset < file.Length && ReadAt(file, ref offset, next) is { } record)
        {
            next = record.Last + 1;
            recordsInSegment++;
            End = new LogPosition(record.Epoch, record.Last);
        }

        if (next == first)
        {
            return false;
        }

        file.Cut(offset);
        segments.Add((first, file));
        First = segments[0].First;
        return true;
    }

    private void NewSegment(long first)
    {
        var (before, bytes) = segments.Count == 0 ? (0, 0) : (segments[^1].First, segments[^1].File.Length);
        if (segments.Count > 0)
        {
            segments[^1].File.Sync(bytes);
        }

        var file = new DiskFile();
        disk.Append(file, SpoolEncoding.WriteHeader(new SpoolHeader(first, before, bytes)));
        Names.Set(NameOf(first), file);
        segments.Add((first, file));
        recordsInSegment = 0;
    }
}
