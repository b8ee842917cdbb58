using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Sluice.Persistence;

namespace Sluice.Replication;

/// <summary>Finds out what a spool's directory holds, and puts an end to it where something is torn, damaged or missing. Blocks on the disk. Can be repeated after a crash in its middle.</summary>
internal static class SpoolRecovery
{
    /// <summary>Reads the segments' headers and the last segment's records, and removes what does not belong to one unbroken log.</summary>
    /// <exception cref="SpoolVersionException">A newer program wrote it.</exception>
    public static (ImmutableList<SpoolSegment> Segments, SpoolRange? Range) Run(string directory, ILogger logger)
    {
        if (!Directory.Exists(directory))
        {
            return ([], null);
        }

        var all = SpoolSegment.List(directory);
        var whole = Unbroken(all);
        while (whole.Count > 0)
        {
            var last = whole[^1];
            var (end, lastRecord) = Scan(last, long.MaxValue);
            if (lastRecord is { } record)
            {
                whole[^1] = last with { Bytes = end };
                Remove(directory, all.Skip(whole.Count), logger);
                Shorten(last, end, logger);
                return ([.. whole], new SpoolRange(whole[0].First, record.Last, record.Epoch));
            }

            whole.RemoveAt(whole.Count - 1);
        }

        Remove(directory, all, logger);
        return ([], null);
    }

    /// <summary>Removes all records after a sequence.</summary>
    public static void Cut(string directory, long afterSequence)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        var all = SpoolSegment.List(directory);
        var kept = all.FindLastIndex(segment => segment.First <= afterSequence) + 1;
        foreach (var segment in all.Skip(kept).Reverse())
        {
            File.Delete(segment.Path);
        }

        DurableFile.SyncDirectory(directory);
        if (kept > 0)
        {
            Truncate(all[kept - 1], Scan(all[kept - 1], afterSequence).End);
        }
    }

    // The segments from the first one on, as long as each goes on where the one before it ends.
    private static List<SpoolSegment> Unbroken(List<SpoolSegment> all)
    {
        var whole = new List<SpoolSegment>();
        foreach (var segment in all)
        {
            if (segment.ReadHeader() is not { } header || (whole.Count > 0 && (header.FirstBefore != whole[^1].First || header.BytesBefore != whole[^1].Bytes)))
            {
                break;
            }

            whole.Add(segment);
        }

        return whole;
    }

    // The end of the last record that is good and does not lie after a sequence, and that record.
    private static (long End, SpooledRecord? Last) Scan(SpoolSegment segment, long upTo)
    {
        using var reader = new SpoolSegmentReader(segment);
        var (end, last) = (reader.Offset, (SpooledRecord?)null);
        try
        {
            while (reader.Read(segment.Bytes) is { } record && record.Last <= upTo)
            {
                (end, last) = (reader.Offset, record);
            }
        }
        catch (SpoolDamagedException)
        {
            // Torn by a crash, or damaged by the disk: in both cases the log ends before it.
        }

        return (end, last);
    }

    private static void Remove(string directory, IEnumerable<SpoolSegment> segments, ILogger logger)
    {
        // From the end on: a crash leaves an unbroken log.
        var removed = 0;
        foreach (var segment in segments.Reverse())
        {
            File.Delete(segment.Path);
            removed++;
        }

        if (removed > 0)
        {
            DurableFile.SyncDirectory(directory);
            SpoolEvents.Removed(logger, removed, directory);
        }
    }

    private static void Shorten(SpoolSegment segment, long end, ILogger logger)
    {
        if (segment.Bytes > end)
        {
            Truncate(segment, end);
            SpoolEvents.CutOff(logger, segment.Bytes - end, segment.Path);
        }
    }

    private static void Truncate(SpoolSegment segment, long end)
    {
        using var file = File.OpenHandle(segment.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.SetLength(file, end);
        RandomAccess.FlushToDisk(file);
    }
}
