using Microsoft.Win32.SafeHandles;

namespace Sluice.Replication;

/// <summary>Sends the files of a leased snapshot, one after the other. A frame never spans two files.</summary>
internal sealed class SnapshotSender(ISnapshotSource source, TransferLayout layout, long from, PacedSender sender, FrameBufferPool pool)
{
    private SafeFileHandle? file;
    private int fileIndex = -1;

    /// <summary>Sends everything from the position on, then says that it is complete.</summary>
    /// <exception cref="IOException">A file cannot be read, or is shorter than the manifest says.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            for (var position = from; position < layout.TotalBytes;)
            {
                await sender.ReadyAsync(cancellationToken).ConfigureAwait(false);
                position += await SendNextAsync(position, cancellationToken).ConfigureAwait(false);
                source.Touch();
            }
        }
        finally
        {
            file?.Dispose();
        }

        using var last = pool.Rent(64);
        await sender.SendAsync(last.Memory[..FrameWriter.Completed(last.Memory.Span, layout.TotalBytes)], cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<int> SendNextAsync(long position, CancellationToken cancellationToken)
    {
        var (index, offset) = layout.Locate(position);
        if (index != fileIndex)
        {
            file?.Dispose();
            file = source.OpenFile(index);
            fileIndex = index;
        }

        var length = (int)Math.Min(sender.FramePayload, layout.File(index).Size - offset);
        using var frame = pool.Rent(FrameWriter.DataPayloadStart + length);
        Read(frame.Memory.Span.Slice(FrameWriter.DataPayloadStart, length), index, offset);
        var total = FrameWriter.Data(frame.Memory.Span, new DataFields(position, index, offset), length);
        await sender.SendAsync(frame.Memory[..total], cancellationToken).ConfigureAwait(false);
        return length;
    }

    private void Read(Span<byte> target, int index, long offset)
    {
        while (!target.IsEmpty)
        {
            var count = RandomAccess.Read(file!, target, offset);
            if (count == 0)
            {
                throw new IOException($"The snapshot's file '{layout.File(index).Name}' ends at byte {offset}, its manifest says {layout.File(index).Size}.");
            }

            target = target[count..];
            offset += count;
        }
    }
}
