using System.Collections.Immutable;

namespace Sluice.Replication;

/// <summary>
/// Where the bytes of a snapshot stream lie in its files: the files of <see cref="SnapshotLease.Transfer"/> end to end. Sender and receiver count positions with it. Pure.
/// A manifest is peer input: what could write outside the staging directory or overflow a position is refused here.
/// </summary>
public sealed class TransferLayout
{
    private readonly SnapshotManifest manifest;
    private readonly ImmutableArray<int> transfer;

    // starts[n]: the position at which the n-th file begins. One more entry than files: the last one is the total.
    private readonly long[] starts;
    private readonly Dictionary<int, int> order = [];

    /// <summary>Lays the files out.</summary>
    /// <exception cref="InvalidManifestException">A name is no plain file name or comes twice, a size is negative, or an index is out of range or comes twice.</exception>
    public TransferLayout(SnapshotManifest manifest, ImmutableArray<int> transfer)
    {
        this.manifest = manifest;
        this.transfer = transfer;
        CheckNames(manifest);
        starts = new long[transfer.Length + 1];
        for (var n = 0; n < transfer.Length; n++)
        {
            var index = transfer[n];
            if (index < 0 || index >= manifest.Files.Length || !order.TryAdd(index, n))
            {
                throw new InvalidManifestException($"The transfer names file {index}, which the manifest of {manifest.Files.Length} files does not have or which it named before.");
            }

            starts[n + 1] = checked(starts[n] + manifest.Files[index].Size);
        }
    }

    /// <summary>Bytes of all files.</summary>
    public long TotalBytes => starts[^1];

    /// <summary>The indexes of the files, in the order of transfer.</summary>
    public ImmutableArray<int> Files => transfer;

    /// <summary>A file of the manifest.</summary>
    public SnapshotFile File(int fileIndex) => manifest.Files[fileIndex];

    /// <summary>The file and the offset at a position; the end is the last file's end. Never an empty file, for nothing of it is sent.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The position is not before the end.</exception>
    public (int FileIndex, long Offset) Locate(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, TotalBytes);

        // The last file that begins at or before the position. Empty files begin where the next one does, and the search takes the last of equals.
        int low = 0, high = transfer.Length - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = starts[middle] <= position ? (middle, high) : (low, middle - 1);
        }

        return (transfer[low], position - starts[low]);
    }

    /// <summary>The position of a byte of a file, or -1 when the file is not part of the transfer or the offset lies beyond its end.</summary>
    public long PositionOf(int fileIndex, long offset) =>
        order.TryGetValue(fileIndex, out var n) && offset >= 0 && offset <= manifest.Files[fileIndex].Size ? starts[n] + offset : -1;

    private static void CheckNames(SnapshotManifest manifest)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in manifest.Files)
        {
            var plain = file.Name.Length is > 0 and <= 255 && file.Name is not "." and not ".." && file.Name.AsSpan().IndexOfAny('/', '\\', '\0') < 0
                && !file.Name.StartsWith("sluice-", StringComparison.Ordinal);
            if (!plain || file.Size < 0 || !seen.Add(file.Name))
            {
                throw new InvalidManifestException($"The manifest's file '{file.Name}' of {file.Size} bytes is refused: each file needs a plain name of its own, not one of Sluice's (sluice-...), and a size.");
            }
        }
    }
}

/// <summary>A manifest or a transfer that cannot be carried out safely.</summary>
[GenerateSerializer, Alias("Sluice.InvalidManifestException")]
public sealed class InvalidManifestException : Exception
{
    public InvalidManifestException() { }
    public InvalidManifestException(string message) : base(message) { }
    public InvalidManifestException(string message, Exception innerException) : base(message, innerException) { }
}
