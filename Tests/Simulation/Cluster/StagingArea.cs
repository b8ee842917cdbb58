using System.Collections.Immutable;
using Sluice.Replication;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>
/// A staging directory on the simulated disk: StagingWriter's order of steps (bytes, names, journal, position), with the real journal encoding, layout, state and selection of held files. It differs from
/// the real one in that a step is as long as the disk is slow and never due to an amount of bytes, and that what is set aside for a file or the journal beforehand is not counted.
/// </summary>
internal sealed class StagingArea(World world, Disk disk, Process process)
{
    private const string Name = "staging";
    private static readonly TimeSpan SyncEvery = TimeSpan.FromSeconds(1);

    private StagedState? state;
    private TransferLayout layout = null!;
    private uint receivedCrc;
    private bool isSyncing;
    private bool isClosed;
    private int? corrupt;

    /// <summary>What is durable has grown.</summary>
    public Action? DurableAdvanced { get; set; }

    /// <summary>The disk refused a step; a rewind tries again.</summary>
    public Action<string>? Failed { get; set; }

    public long Received { get; private set; }

    public long Durable { get; private set; }

    public StagedState State => state!;

    public IReadOnlyDictionary<string, DiskFile> Files => Names.Entries;

    private DiskNames<DiskFile> Names => disk.Directory(Name).Names;

    /// <summary>What the journal on the disk tells; null when there is none that can be read.</summary>
    public static StagedState? Load(Disk disk)
    {
        if (disk.Root.Find(Name)?.Names.Find(StagingJournal.FileName) is not { } journal)
        {
            return null;
        }

        try
        {
            return StagingJournalEncoding.Read(journal.Content);
        }
        catch (StagingJournalException)
        {
            return null;
        }
    }

    public static void Discard(Disk disk)
    {
        if (disk.Root.Find(Name) is not null)
        {
            disk.Root.Remove(Name);
        }
    }

    /// <summary>Which files need not be sent, as HeldFiles.FindAsync finds them.</summary>
    public ImmutableArray<HeldFile> FindHeld(SnapshotManifest wanted, SnapshotManifest? installed, IReadOnlyDictionary<string, DiskFile> live)
    {
        if (world.Defect == Defect.ForgetHeldFiles)
        {
            return [];
        }

        var held = HeldFiles.Select(wanted, Load(disk), installed);
        return world.Defect == Defect.LinkWithoutChecksum ? held : [.. held.Where(file => Matches(file.Place == HeldIn.Staging ? Names.Entries : live, wanted.Files[file.FileIndex]))];
    }

    /// <summary>Begins a copy: StagingWriter.CreateAsync.</summary>
    public void Begin(StagingPlan plan, ImmutableArray<HeldFile> held, IReadOnlyDictionary<string, DiskFile> live, Action done, Action<string> failed)
    {
        var next = new StagedState { Plan = plan, Held = [.. held.Select(file => file.FileIndex)] };
        var kept = held.Where(file => file.Place == HeldIn.Staging).Select(file => plan.Manifest.Files[file.FileIndex].Name).ToHashSet(StringComparer.Ordinal);
        RemoveOthers(kept);
        WriteJournal(
            next,
            () =>
            {
                foreach (var file in held.Where(file => file.Place == HeldIn.Live).Select(file => plan.Manifest.Files[file.FileIndex].Name))
                {
                    if (live.TryGetValue(file, out var linked))
                    {
                        Names.Set(file, linked);
                    }
                }

                AfterSync(() =>
                {
                    Names.Sync();
                    Opened(next);
                    done();
                });
            },
            failed);
    }

    /// <summary>Goes on with what an interrupted copy has left: StagingWriter.ResumeAsync. Says whether the transfer has become another one.</summary>
    public void GoOn(Action<bool> done, Action<string> failed)
    {
        if (Load(disk) is not { } before)
        {
            failed("there is no staging journal");
            return;
        }

        var damaged = before.Whole().Where(index => !Matches(Names.Entries, before.Plan.Manifest.Files[index])).ToHashSet();
        if (before.Begun() is { } begun && !BeginsWith(before.Plan.Manifest.Files[begun.FileIndex].Name, begun.Bytes, before.Crc))
        {
            damaged.Add(begun.FileIndex);
        }

        var next = before.Without(damaged);
        WriteJournal(
            next,
            () =>
            {
                var kept = next.Whole().Select(index => next.Plan.Manifest.Files[index].Name).ToHashSet(StringComparer.Ordinal);
                if (next.Begun() is { } goesOn)
                {
                    kept.Add(next.Plan.Manifest.Files[goesOn.FileIndex].Name);
                }

                RemoveOthers(kept);
                AfterSync(() =>
                {
                    Names.Sync();
                    Opened(next);
                    done(!next.Plan.Transfer.SequenceEqual(before.Plan.Transfer));
                });
            },
            failed);
    }

    /// <summary>Writes a piece of a file; says what is wrong with it, or null.</summary>
    public string? Write(SnapshotChunk chunk)
    {
        var at = layout.PositionOf(chunk.FileIndex, chunk.FileOffset);
        if (at != Received)
        {
            return $"bytes at {at} do not follow {Received}";
        }

        var expected = layout.File(chunk.FileIndex);
        if (Names.Find(expected.Name) is not { } file || chunk.FileOffset == 0)
        {
            Names.Set(expected.Name, file = new DiskFile());
        }

        try
        {
            file.Cut((int)chunk.FileOffset);
            disk.Append(file, chunk.Data.Span);
        }
        catch (DiskFullException error)
        {
            return error.Message;
        }

        Received += chunk.Data.Length;
        receivedCrc = Crc32C.Append(receivedCrc, chunk.Data.Span);
        if (chunk.FileOffset + chunk.Data.Length < expected.Size)
        {
            return null;
        }

        var isWhole = receivedCrc == expected.Crc32C;
        receivedCrc = 0;
        corrupt = isWhole ? null : chunk.FileIndex;
        return isWhole ? null : $"file {expected.Name} is not what the manifest says";
    }

    /// <summary>After a broken connection, a full disk or a corrupt file: both positions become equal.</summary>
    public void Rewind(Action done, Action<string> failed)
    {
        if (corrupt is { } index)
        {
            (Received, receivedCrc, corrupt) = (layout.PositionOf(index, 0), 0, null);
        }

        Sync(() =>
        {
            if (Durable == Received)
            {
                done();
            }
            else
            {
                Rewind(done, failed);
            }
        }, failed);
    }

    /// <summary>Makes everything durable; every file of the manifest is there then.</summary>
    public void Complete(Action done, Action<string> failed) => Rewind(
        () =>
        {
            foreach (var file in state!.Plan.Manifest.Files)
            {
                if (Names.Find(file.Name)?.Length != file.Size)
                {
                    failed($"staged file {file.Name} is not whole");
                    return;
                }
            }

            done();
        },
        failed);

    /// <summary>Reads all files back: says which one is not what it should be, or null.</summary>
    public string? Check() =>
        state!.Plan.Manifest.Files.FirstOrDefault(file => !Matches(Names.Entries, file)) is { } damaged ? $"file {damaged.Name} is not what the manifest says" : null;

    public void Close() => isClosed = true;

    private static bool Matches(IReadOnlyDictionary<string, DiskFile> files, SnapshotFile expected) =>
        files.TryGetValue(expected.Name, out var file) && file.Length == expected.Size && Crc32C.Compute(file.Content) == expected.Crc32C;

    private bool BeginsWith(string name, long length, uint crc) => Names.Find(name) is { } file && file.Length >= length && Crc32C.Compute(file.Content[..(int)length]) == crc;

    private void Opened(StagedState opened)
    {
        state = opened;
        layout = opened.Layout();
        (Received, receivedCrc, Durable) = (opened.Position, opened.Crc, opened.Position);
        KeepSyncing();
    }

    private void KeepSyncing() => process.After(SyncEvery, () =>
    {
        if (!isClosed)
        {
            if (Received > Durable && !isSyncing)
            {
                Sync(() => { }, why => Failed?.Invoke(why));
            }

            KeepSyncing();
        }
    });

    private void Sync(Action done, Action<string> failed)
    {
        if (isSyncing)
        {
            AfterSync(() => Sync(done, failed));
            return;
        }

        isSyncing = true;
        var (position, crc) = (Received, receivedCrc);
        var lengths = Names.Entries.Values.Select(file => (file, file.Length)).ToList();
        void Advance()
        {
            isSyncing = false;
            Durable = Math.Max(Durable, position);
            DurableAdvanced?.Invoke();
            done();
        }

        void Data(Action then) => AfterSync(() =>
        {
            lengths.ForEach(synced => synced.file.Sync(synced.Length));
            AfterSync(() =>
            {
                Names.Sync();
                then();
            });
        });

        void Journal(Action then) => WriteJournal(state! with { Position = position, Crc = crc }, then, why =>
        {
            isSyncing = false;
            failed(why);
        });

        switch (world.Defect)
        {
            case Defect.AckStagedBytesBeforeFsync:
                Advance();
                break;
            case Defect.JournalBeforeData:
                Journal(() => Data(Advance));
                break;
            default:
                Data(() => Journal(Advance));
                break;
        }
    }

    // Now and then anew and renamed, else appended in place, as the real one does it when its room is used up.
    private void WriteJournal(StagedState next, Action done, Action<string> failed)
    {
        var isSamePlan = state is not null && ReferenceEquals(state.Plan, next.Plan) && state.Held == next.Held;
        try
        {
            if (isSamePlan && !world.Chance(0.2) && Names.Find(StagingJournal.FileName) is { } journal)
            {
                Span<byte> record = stackalloc byte[StagingJournalEncoding.PositionBytes];
                StagingJournalEncoding.WritePosition(record, next.Position, next.Crc);
                journal.Append(record);
                AfterSync(() =>
                {
                    journal.Sync(journal.Length);
                    state = next;
                    done();
                });
                return;
            }

            var anew = new DiskFile();
            Names.Set(StagingJournal.FileName + ".new", anew);
            disk.Append(anew, StagingJournalEncoding.Write(next));
            AfterSync(() =>
            {
                anew.Sync(anew.Length);
                Names.Rename(StagingJournal.FileName + ".new", StagingJournal.FileName);
                AfterSync(() =>
                {
                    Names.Sync();
                    disk.Root.Sync();
                    state = state is null ? null : next;
                    done();
                });
            });
        }
        catch (DiskFullException error)
        {
            process.After(TimeSpan.Zero, () => failed(error.Message));
        }
    }

    private void RemoveOthers(HashSet<string> kept)
    {
        foreach (var name in Names.Entries.Keys.Where(name => name != StagingJournal.FileName && !kept.Contains(name)).ToList())
        {
            Names.Remove(name);
        }
    }

    private void AfterSync(Action happens) => process.After(disk.NextSync(), () =>
    {
        if (!isClosed)
        {
            happens();
        }
    });
}
