using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Replication;

/// <summary>One file of a spool.</summary>
/// <param name="Directory">The spool's directory.</param>
/// <param name="First">Sequence of its first record.</param>
internal sealed record SpoolSegment(string Directory, long First)
{
    private const string Extension = ".spool";

    /// <summary>The file.</summary>
    public string Path => System.IO.Path.Combine(Directory, First.ToString("D20", CultureInfo.InvariantCulture) + Extension);

    /// <summary>Bytes of it that are durable: header and whole records.</summary>
    public long Bytes { get; init; }

    /// <summary>The segments that a directory's file names tell of, in order.</summary>
    public static List<SpoolSegment> List(string directory)
    {
        var segments = new List<SpoolSegment>();
        foreach (var file in new DirectoryInfo(directory).EnumerateFiles("*" + Extension))
        {
            if (long.TryParse(System.IO.Path.GetFileNameWithoutExtension(file.Name), NumberStyles.None, CultureInfo.InvariantCulture, out var first))
            {
                segments.Add(new SpoolSegment(directory, first) { Bytes = file.Length });
            }
        }

        segments.Sort((left, right) => left.First.CompareTo(right.First));
        return segments;
    }

    /// <summary>The file's header; null when it is damaged, or another segment's.</summary>
    /// <exception cref="SpoolVersionException">A newer program wrote it.</exception>
    public SpoolHeader? ReadHeader()
    {
        Span<byte> bytes = stackalloc byte[SpoolEncoding.HeaderBytes];
        using var file = File.OpenHandle(Path);
        return RandomAccess.Read(file, bytes, 0) == bytes.Length && SpoolEncoding.ReadHeader(bytes) is { } header && header.First == First ? header : null;
    }
}

/// <summary>Reads the records of one segment, one after the other, and checks them. Memory: a small buffer and the record that is read.</summary>
internal sealed class SpoolSegmentReader(SpoolSegment segment) : IDisposable
{
    private const int BufferBytes = 64 << 10;
    private readonly SafeFileHandle file = File.OpenHandle(segment.Path, share: FileShare.ReadWrite | FileShare.Delete);
    private readonly byte[] buffer = new byte[BufferBytes];
    private long bufferAt;
    private int buffered;

    /// <summary>Which segment it is.</summary>
    public SpoolSegment Segment => segment;

    /// <summary>Where the next record begins.</summary>
    public long Offset { get; private set; } = SpoolEncoding.HeaderBytes;

    /// <summary>Sequence of the next record.</summary>
    public long Next { get; private set; } = segment.First;

    /// <summary>Reads the next record.</summary>
    /// <param name="limit">Where what may be read ends.</param>
    /// <returns>Null at the limit.</returns>
    /// <exception cref="SpoolDamagedException">There is something else than the record that should come.</exception>
    public SpooledRecord? Read(long limit)
    {
        if (Offset >= limit)
        {
            return null;
        }

        Span<byte> header = stackalloc byte[SpoolEncoding.RecordHeaderBytes];
        if (limit - Offset < header.Length || !Fill(header, Offset, limit))
        {
            throw Damaged("the file ends within a record");
        }

        var length = SpoolEncoding.BatchBytes(header);
        if (length < 0 || length > limit - Offset - header.Length)
        {
            throw Damaged("a record's length cannot be true");
        }

        var batch = new byte[length];
        if (!Fill(batch, Offset + header.Length, limit))
        {
            throw Damaged("the file ends within a record");
        }

        if (SpoolEncoding.ReadRecord(header, batch) is not { } read)
        {
            throw Damaged("a record does not match its checksum");
        }

        if (read.Record.Sequence != Next || read.Record.Count < 1)
        {
            throw Damaged($"a record begins at {read.Record.Sequence} and takes {read.Record.Count} sequences");
        }

        Offset += header.Length + length;
        Next = read.Last + 1;
        return read;
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private bool Fill(Span<byte> target, long offset, long limit)
    {
        while (!target.IsEmpty)
        {
            int count;
            if (offset >= bufferAt && offset < bufferAt + buffered)
            {
                count = Math.Min(target.Length, (int)(bufferAt + buffered - offset));
                buffer.AsSpan((int)(offset - bufferAt), count).CopyTo(target);
            }
            else if (target.Length >= buffer.Length)
            {
                count = RandomAccess.Read(file, target, offset);
            }
            else
            {
                // Never beyond what is durable: it would be kept, and is another record's by the time it may be read.
                bufferAt = offset;
                count = buffered = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, limit - offset)), offset);
                if (count > 0)
                {
                    continue;
                }
            }

            if (count == 0)
            {
                return false;
            }

            target = target[count..];
            offset += count;
        }

        return true;
    }

    private SpoolDamagedException Damaged(string what) =>
        new($"The spool is damaged after sequence {Next - 1} ({what} at byte {Offset} of '{segment.Path}'): what follows has to be sent again.", Next - 1);
}
