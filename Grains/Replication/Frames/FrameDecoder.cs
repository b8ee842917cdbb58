namespace Sluice.Replication;

/// <summary>
/// Cuts a stream of bytes into frames, wherever the network split it. Pure: it does not read, it says where the next bytes must go (<see cref="Free"/>) and is told how many
/// came (<see cref="Advance"/>). Bytes land in the frame's own buffer, which is rented only when its header has been checked, and are summed while they are in the processor's cache.
/// </summary>
public sealed class FrameDecoder(FrameBufferPool pool) : IDisposable
{
    private readonly byte[] header = new byte[Frame.HeaderBytes];
    private FrameHeader current;
    private FrameBuffer? body;
    private int filled;
    private uint crc;

    /// <summary>A frame with a longer body is refused. Raised when the peer has proved itself.</summary>
    public int MaxBody { get; set; } = Frame.MaxSmallBody;

    /// <summary>Where the next bytes must go; never empty.</summary>
    public Memory<byte> Free => body is null ? header.AsMemory(filled) : body.Memory[filled..current.Length];

    /// <summary>True between two frames: a stream may end here.</summary>
    public bool AtBoundary => body is null && filled == 0;

    /// <summary>Takes note of bytes that were put into <see cref="Free"/>.</summary>
    /// <returns>A frame if these bytes completed one, to be disposed of by the caller.</returns>
    /// <exception cref="MalformedFrameException">The bytes are no frame. The stream cannot be read any further.</exception>
    public ReceivedFrame? Advance(int count)
    {
        if (body is null)
        {
            filled += count;
            if (filled < Frame.HeaderBytes)
            {
                return null;
            }

            current = Frame.ReadHeader(header, MaxBody);
            // A file's bytes go to disk from where they arrive.
            body = pool.Rent(current.Length, Frame.DataFieldBytes);
            filled = 0;
            crc = 0;
        }
        else
        {
            crc = Crc32C.Append(crc, body.Memory.Span.Slice(filled, count));
            filled += count;
        }

        return filled == current.Length ? Complete() : null;
    }

    /// <summary>Gives back what an unfinished frame holds.</summary>
    public void Dispose()
    {
        body?.Dispose();
        body = null;
    }

    private ReceivedFrame Complete()
    {
        if (crc != current.BodyCrc)
        {
            throw new MalformedFrameException($"A {current.Type} frame of {current.Length} bytes does not match its checksum.");
        }

        var frame = new ReceivedFrame(current, body!);
        body = null;
        filled = 0;
        return frame;
    }
}

/// <summary>A whole frame with a checked body. Disposing of it gives its buffer back.</summary>
/// <param name="header">Its header.</param>
/// <param name="buffer">The buffer that begins with its body.</param>
public sealed class ReceivedFrame(FrameHeader header, FrameBuffer buffer) : IDisposable
{
    /// <summary>What it is.</summary>
    public FrameType Type => header.Type;

    /// <summary>The body.</summary>
    public ReadOnlyMemory<byte> Body => buffer.Memory[..header.Length];

    /// <summary>The body's CRC-32C.</summary>
    public uint BodyCrc => header.BodyCrc;

    /// <summary>Bytes that the frame took on the wire.</summary>
    public int WireBytes => Frame.HeaderBytes + header.Length;

    /// <inheritdoc/>
    public void Dispose() => buffer.Dispose();
}
