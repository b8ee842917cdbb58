namespace Sluice.Replication;

/// <summary>Sends a leased snapshot's manifest as if it were a file of the snapshot, at the flow's pace.</summary>
internal sealed class ManifestSender(byte[] manifest, ISnapshotSource source, long from, PacedSender sender, FrameBufferPool pool)
{
    /// <summary>Sends everything from the position on, then says that it is complete.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var position = (int)from; position < manifest.Length;)
        {
            await sender.ReadyAsync(cancellationToken).ConfigureAwait(false);
            var length = Math.Min(sender.FramePayload, manifest.Length - position);
            using var frame = pool.Rent(FrameWriter.DataPayloadStart + length, FrameWriter.DataPayloadStart);
            manifest.AsSpan(position, length).CopyTo(frame.Memory.Span[FrameWriter.DataPayloadStart..]);
            var total = FrameWriter.Data(frame.Memory.Span, new DataFields(position, 0, position), length);
            await sender.SendAsync(frame.Memory[..total], cancellationToken).ConfigureAwait(false);
            position += length;
            source.Touch();
        }

        using var last = pool.Rent(64);
        await sender.SendAsync(last.Memory[..FrameWriter.Completed(last.Memory.Span, manifest.Length)], cancellationToken).ConfigureAwait(false);
    }
}
