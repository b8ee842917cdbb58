namespace Sluice.Replication;

/// <summary>Sends the files of a leased snapshot, one after the other. A frame never spans two files.</summary>
internal sealed class SnapshotSender(ISnapshotSource source, TransferLayout layout, long from, PacedSender sender, FrameBufferPool pool) : IDisposable
{
    private SnapshotFileReader? file;
    private int fileIndex = -1;

    /// <summary>Sends everything from the position on, then says that it is complete.</summary>
    /// <exception cref="IOException">A file cannot be read, or is shorter than the manifest says.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var position = from; position < layout.TotalBytes;)
        {
            sender.Remaining(layout.TotalBytes - position);
            await sender.ReadyAsync(cancellationToken).ConfigureAwait(false);
            position += await SendNextAsync(position, cancellationToken).ConfigureAwait(false);
            source.Touch();
        }

        sender.Remaining(0);
        using var last = pool.Rent(64);
        await sender.SendAsync(last.Memory[..FrameWriter.Completed(last.Memory.Span, layout.TotalBytes)], cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose() => file?.Dispose();

    private async ValueTask<int> SendNextAsync(long position, CancellationToken cancellationToken)
    {
        var (index, offset) = layout.Locate(position);
        if (index != fileIndex)
        {
            file?.Dispose();
            file = new SnapshotFileReader(() => source.OpenFile(index));
            fileIndex = index;
        }

        var length = (int)Math.Min(sender.FramePayload, layout.File(index).Size - offset);
        using var frame = pool.Rent(FrameWriter.DataPayloadStart + SnapshotFileReader.BufferBytes(length), FrameWriter.DataPayloadStart);
        Read(frame.Memory.Span[FrameWriter.DataPayloadStart..], index, offset, length);

        var total = FrameWriter.Data(frame.Memory.Span, new DataFields(position, index, offset), length);
        await sender.SendAsync(frame.Memory[..total], cancellationToken).ConfigureAwait(false);
        return length;
    }

    private void Read(Span<byte> target, int index, long offset, int length)
    {
        try
        {
            var count = file!.Read(target, length, offset);
            if (count < length)
            {
                throw new IOException($"The snapshot's file '{layout.File(index).Name}' ends at byte {offset + count}, its manifest says {layout.File(index).Size}.");
            }
        }
        catch (IOException error)
        {
            source.Damaged(error.Message);
            throw;
        }
    }
}
