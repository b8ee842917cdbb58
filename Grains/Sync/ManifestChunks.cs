using System.Buffers;
using Sluice.Replication;

namespace Sluice.Sync;

/// <summary>
/// A copy's manifest as it comes: it is kept in memory, where it is needed as a whole. What has come is not lost with a connection, only with the process; then the copy begins with the manifest again anyway.
/// </summary>
internal sealed class ManifestChunks
{
    private readonly ArrayBufferWriter<byte> bytes = new();

    /// <summary>How many bytes have come: where the next connection begins.</summary>
    public long Position => bytes.WrittenCount;

    /// <summary>What has come.</summary>
    public ReadOnlySpan<byte> Bytes => bytes.WrittenSpan;

    /// <summary>Takes the next piece.</summary>
    /// <exception cref="InvalidManifestException">It does not follow, or there is no end to it.</exception>
    public void Add(SnapshotChunk chunk)
    {
        if (chunk.FileIndex != 0 || chunk.FileOffset != bytes.WrittenCount || bytes.WrittenCount + chunk.Data.Length > ManifestEncoding.MaxBytes)
        {
            throw new InvalidManifestException($"A piece of {chunk.Data.Length} bytes at {chunk.FileOffset} does not belong to a manifest of which {bytes.WrittenCount} bytes have come, at most {ManifestEncoding.MaxBytes} in all.");
        }

        bytes.Write(chunk.Data.Span);
    }
}
