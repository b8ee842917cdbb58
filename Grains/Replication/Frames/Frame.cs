using System.Buffers.Binary;

namespace Sluice.Replication;

/// <summary>
/// The frame, the unit of the data plane. All numbers are little-endian.
/// <code>
/// frame  = header body
/// header = magic version type length body-crc header-crc     ; 16 bytes
/// magic       = "SL"
/// version     = u8                                           ; 1
/// type        = u8                                           ; FrameType
/// length      = u32                                          ; of the body, at most what the receiver's state allows
/// body-crc    = u32                                          ; CRC-32C of the body
/// header-crc  = u32                                          ; CRC-32C of the 12 bytes before it
/// </code>
/// The header has a checksum of its own so that a damaged length is refused before a byte is allocated for it. The bodies' grammars stand above the methods of <see cref="FrameWriter"/>.
/// </summary>
public static class Frame
{
    /// <summary>The version that this code speaks.</summary>
    public const byte Version = 1;

    /// <summary>Bytes of a header.</summary>
    public const int HeaderBytes = 16;

    /// <summary>Payload of a Data, Log or LogPart frame: at most so many bytes.</summary>
    public const int MaxPayload = 1 << 20;

    /// <summary>What a Data frame's body has before its payload.</summary>
    public const int DataFieldBytes = 8 + 4 + 8;

    /// <summary>What a Log frame's body has before its records.</summary>
    public const int LogFieldBytes = 8 + 8 + 4;

    /// <summary>What a record in a Log frame has before its batch.</summary>
    public const int RecordFieldBytes = 8 + 4 + 4;

    /// <summary>What a LogPart frame's body has before its payload.</summary>
    public const int LogPartFieldBytes = 8 + 8 + 8 + 4 + 4 + 4;

    /// <summary>A body is never longer.</summary>
    public const int MaxBody = MaxPayload + 64;

    /// <summary>Before a peer has proved that it knows the secret, and on the way from subscriber to listener, no body is longer.</summary>
    public const int MaxSmallBody = 4096;

    /// <summary>A log record is never longer: a value of 512 MiB, its key, and a write batch's overhead.</summary>
    public const int MaxRecord = (512 << 20) + (1 << 20);

    /// <summary>Bytes of a nonce and of a proof.</summary>
    public const int NonceBytes = 32;

    internal const ushort Magic = 'S' | ('L' << 8);

    /// <summary>Completes a frame whose body stands behind the space for the header.</summary>
    /// <param name="frame">Header space and body.</param>
    /// <param name="type">The frame's type.</param>
    /// <returns>The body's checksum.</returns>
    public static uint Seal(Span<byte> frame, FrameType type)
    {
        var bodyCrc = Crc32C.Compute(frame[HeaderBytes..]);
        BinaryPrimitives.WriteUInt16LittleEndian(frame, Magic);
        frame[2] = Version;
        frame[3] = (byte)type;
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], (uint)(frame.Length - HeaderBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(frame[8..], bodyCrc);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[12..], Crc32C.Compute(frame[..12]));
        return bodyCrc;
    }

    /// <summary>Reads a header.</summary>
    /// <param name="header">16 bytes.</param>
    /// <param name="maxBody">A longer body is refused.</param>
    /// <exception cref="MalformedFrameException">It is no header, or one that is not allowed.</exception>
    public static FrameHeader ReadHeader(ReadOnlySpan<byte> header, int maxBody)
    {
        if (BinaryPrimitives.ReadUInt16LittleEndian(header) != Magic)
        {
            throw new MalformedFrameException("The peer does not speak Sluice's replication protocol: the frame does not begin with 'SL'.");
        }

        if (header[2] != Version)
        {
            throw new MalformedFrameException($"The peer speaks version {header[2]} of the replication protocol, this node speaks version {Version}.");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(header[12..]) != Crc32C.Compute(header[..12]))
        {
            throw new MalformedFrameException("A frame's header does not match its checksum.");
        }

        var type = (FrameType)header[3];
        if (type is < FrameType.Hello or > FrameType.Progress)
        {
            throw new MalformedFrameException($"A frame has the unknown type {header[3]}.");
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        if (length > maxBody)
        {
            throw new MalformedFrameException($"A {type} frame of {length} bytes is longer than the {maxBody} bytes that are allowed here.");
        }

        return new FrameHeader(type, (int)length, BinaryPrimitives.ReadUInt32LittleEndian(header[8..]));
    }
}

/// <summary>A frame's header, checked.</summary>
/// <param name="Type">What the frame is.</param>
/// <param name="Length">The body's length in bytes.</param>
/// <param name="BodyCrc">The body's CRC-32C as the sender says.</param>
public readonly record struct FrameHeader(FrameType Type, int Length, uint BodyCrc);
