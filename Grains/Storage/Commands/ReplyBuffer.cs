using System.Buffers;

namespace Sluice.Storage.Commands;

/// <summary>Where the replies of a batch are gathered. Kept between batches; can be cut back to an earlier length when commands are executed again.</summary>
internal sealed class ReplyBuffer : IBufferWriter<byte>
{
    /// <summary>An array above this size is not kept for the next batch.</summary>
    private const int KeptBytes = 1 << 20;

    private byte[] bytes = new byte[4096];

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <inheritdoc/>
    public void Advance(int count) => Length += count;

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return bytes.AsMemory(Length);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return bytes.AsSpan(Length);
    }

    /// <summary>Forgets what was written behind <paramref name="length"/>.</summary>
    public void CutTo(int length) => Length = length;

    /// <summary>What was written, in an array of its own; the buffer is empty afterwards.</summary>
    public byte[] Take()
    {
        // A large value's reply fills its array exactly: it needs no copy.
        var taken = bytes.Length > KeptBytes && Length == bytes.Length ? bytes : bytes.AsSpan(0, Length).ToArray();
        Length = 0;
        if (bytes.Length > KeptBytes)
        {
            bytes = new byte[4096];
        }

        return taken;
    }

    private void EnsureRoom(int sizeHint)
    {
        var needed = (long)Length + Math.Max(sizeHint, 1);
        if (needed <= bytes.Length)
        {
            return;
        }

        if (needed > Array.MaxLength)
        {
            throw new CommandException($"ERR the replies of one pipeline would take more than {Array.MaxLength} bytes; ask for fewer keys at once");
        }

        Array.Resize(ref bytes, (int)Math.Min(Math.Max(needed, bytes.Length * 2L), Array.MaxLength));
    }
}
