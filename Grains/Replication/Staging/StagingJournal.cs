using Microsoft.Win32.SafeHandles;
using Sluice.Persistence;

namespace Sluice.Replication;

/// <summary>
/// The journal of a staging directory, in the file <see cref="FileName"/>: what is copied, and how much of it is durable (<see cref="StagingJournalEncoding"/>). A position is appended only after the bytes
/// that it speaks of were synced, and only after it is durable itself may it be acknowledged (durable-ack).
/// <para>
/// The journal is short: a copy's state is its beginning and its last position. Room for the next positions is written beforehand, so appending changes nothing but bytes in place, costs one fdatasync and cannot
/// find the disk full; when that room is used up, the journal is written anew beside the old one and renamed. One caller at a time.
/// </para>
/// </summary>
public sealed class StagingJournal : IDisposable
{
    /// <summary>The journal's name in the staging directory.</summary>
    public const string FileName = "sluice-journal";

    // Room for 3,000 positions: at one each second it is written anew each 50 minutes.
    private const int Room = 64 << 10;

    // A beginning holds the manifest and the indexes of its files, and both are bounded.
    private const long MaxBytes = 3L * ManifestEncoding.MaxBytes;

    private readonly string directory;
    private SafeFileHandle handle;
    private long end;
    private long limit;

    private StagingJournal(string directory, StagedState state)
    {
        this.directory = directory;
        State = state;
        handle = WriteAnew(state);
    }

    /// <summary>What the journal tells at present.</summary>
    internal StagedState State { get; private set; }

    /// <summary>Reads the journal of a staging directory; null when there is none.</summary>
    /// <exception cref="StagingJournalException">It is of a newer version, or damaged.</exception>
    /// <exception cref="IOException">The disk fails.</exception>
    public static StagedState? Load(string directory)
    {
        var file = new FileInfo(Path.Combine(directory, FileName));
        return !file.Exists ? null
            : file.Length > MaxBytes ? throw new StagingJournalException($"The staging journal has {file.Length} bytes: no journal is so long.")
            : StagingJournalEncoding.Read(File.ReadAllBytes(file.FullName));
    }

    /// <summary>Begins a journal, in place of one that there may be; it is durable when this ends.</summary>
    /// <exception cref="IOException">The disk is full, or fails; a journal that there was is untouched.</exception>
    internal static StagingJournal Create(string directory, StagedState state) => new(directory, state);

    /// <summary>Appends a position; it is durable when this ends.</summary>
    /// <exception cref="IOException">The disk is full, or fails; what the journal told before, it still tells.</exception>
    internal void Append(long position, uint crc)
    {
        var state = State with { Position = position, Crc = crc };
        if (end + StagingJournalEncoding.PositionBytes > limit)
        {
            var old = handle;
            handle = WriteAnew(state);
            old.Dispose();
        }
        else
        {
            Span<byte> record = stackalloc byte[StagingJournalEncoding.PositionBytes];
            StagingJournalEncoding.WritePosition(record, position, crc);
            RandomAccess.Write(handle, record, end);
            DiskFiles.SyncData(handle);
            end += record.Length;
        }

        State = state;
    }

    /// <summary>Closes the file and keeps it.</summary>
    public void Dispose() => handle.Dispose();

    private SafeFileHandle WriteAnew(StagedState state)
    {
        var path = Path.Combine(directory, FileName);
        var temporary = path + ".new";
        var bytes = StagingJournalEncoding.Write(state);

        // A long beginning is written again only after as many bytes of positions.
        var room = new byte[Math.Max(Room, bytes.Length)];
        var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            RandomAccess.Write(file, bytes, 0);
            RandomAccess.Write(file, room, bytes.Length);
            RandomAccess.FlushToDisk(file);
            File.Move(temporary, path, overwrite: true);
            DurableFile.SyncDirectory(directory);
            (end, limit) = (bytes.Length, bytes.Length + (long)room.Length);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
