using System.Collections.Immutable;

namespace Sluice.Replication;

/// <summary>What a copy into a staging directory is about.</summary>
/// <param name="Lease">The lease of the snapshot at its source.</param>
/// <param name="Source">The node that it comes from.</param>
/// <param name="Manifest">What the snapshot consists of.</param>
/// <param name="Transfer">The files that are sent, in their order, as indexes into the manifest's files. The others are held already.</param>
public sealed record StagingPlan(Guid Lease, string Source, SnapshotManifest Manifest, ImmutableArray<int> Transfer);

/// <summary>
/// How far a copy is, as its journal tells. The files of the transfer that end before <see cref="Position"/> are whole, and so are those in <see cref="Held"/>; the file in which the position lies is
/// begun. Pure.
/// </summary>
public sealed record StagedState
{
    /// <summary>What is copied.</summary>
    public required StagingPlan Plan { get; init; }

    /// <summary>Files of the manifest that are not sent, because they lie in the directory, whole: staged by an earlier attempt or linked from the live data.</summary>
    public required ImmutableSortedSet<int> Held { get; init; }

    /// <summary>Payload bytes of the transfer that are durable: the copy goes on there.</summary>
    public long Position { get; init; }

    /// <summary>CRC-32C of what is durable of the file that is begun; 0 when none is.</summary>
    public uint Crc { get; init; }

    /// <summary>Where the transfer's bytes lie.</summary>
    /// <exception cref="InvalidManifestException">The plan cannot be carried out safely.</exception>
    public TransferLayout Layout() => new(Plan.Manifest, Plan.Transfer);

    /// <summary>The file in which the position lies, and how many bytes of it there are; null when it is at a file's beginning or at the end.</summary>
    public (int FileIndex, long Bytes)? Begun()
    {
        var layout = Layout();
        return Position < layout.TotalBytes && layout.Locate(Position) is { Offset: > 0 } begun ? begun : null;
    }

    /// <summary>The files that must lie in the directory, whole: those that are held, and those that were sent. Empty files are not among them: they are made at the end.</summary>
    public ImmutableSortedSet<int> Whole()
    {
        var layout = Layout();
        return Held.Union(Plan.Transfer.Where(index => layout.File(index).Size > 0 && layout.PositionOf(index, layout.File(index).Size) <= Position));
    }

    /// <summary>
    /// The state after some of its files turned out to be lost or damaged: exactly those are sent again, from their beginning; all others stay, and a file that is begun goes on where it was. Then the
    /// transfer is another one, which the source must be told: what is begun first, what was not sent yet, what was lost.
    /// </summary>
    /// <param name="damaged">Files of <see cref="Whole"/> or <see cref="Begun"/> that are not what they should be.</param>
    public StagedState Without(IReadOnlySet<int> damaged)
    {
        var layout = Layout();
        var whole = Whole();
        var begun = Begun();
        var unknown = Enumerable.Range(0, Plan.Manifest.Files.Length).Except(Plan.Transfer).Except(Held);
        var lost = whole.Where(damaged.Contains).Concat(unknown).Order().ToList();
        var goesOn = begun is { } file && !damaged.Contains(file.FileIndex);
        if (lost.Count == 0)
        {
            return begun is null || goesOn ? this : this with { Position = layout.PositionOf(begun.Value.FileIndex, 0), Crc = 0 };
        }

        var good = whole.Except(damaged);
        return new StagedState
        {
            Plan = Plan with { Transfer = [.. Plan.Transfer.Where(index => !good.Contains(index) && !lost.Contains(index)), .. lost] },
            Held = good,
            Position = goesOn ? begun!.Value.Bytes : 0,
            Crc = goesOn ? Crc : 0,
        };
    }
}
