using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Sluice.Replication;

/// <summary>Reads the bodies of frames, as <see cref="FrameWriter"/> states them; pure. What a body does not hold, or holds too much, is refused with a <see cref="MalformedFrameException"/>.</summary>
public static class FrameReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, true);

    /// <summary>Reads a Hello.</summary>
    public static HelloBody Hello(ReadOnlySpan<byte> body)
    {
        var reader = new BodyReader(body, FrameType.Hello);
        return reader.End(new HelloBody(reader.Bytes(Frame.NonceBytes).ToArray(), reader.String()));
    }

    /// <summary>Reads a Challenge.</summary>
    public static ChallengeBody Challenge(ReadOnlySpan<byte> body)
    {
        var reader = new BodyReader(body, FrameType.Challenge);
        return reader.End(new ChallengeBody(reader.Bytes(Frame.NonceBytes).ToArray(), reader.Bytes(Frame.NonceBytes).ToArray(), reader.String()));
    }

    /// <summary>Reads a Proof.</summary>
    public static byte[] Proof(ReadOnlySpan<byte> body)
    {
        var reader = new BodyReader(body, FrameType.Proof);
        return reader.End(reader.Bytes(Frame.NonceBytes).ToArray());
    }

    /// <summary>Reads a Subscribe.</summary>
    public static SubscribeBody Subscribe(ReadOnlySpan<byte> body)
    {
        var reader = new BodyReader(body, FrameType.Subscribe);
        return reader.End(new SubscribeBody(reader.String(), reader.String(), reader.Int64(), reader.String(), reader.String()));
    }

    /// <summary>Reads an Accepted.</summary>
    public static AcceptedBody Accepted(ReadOnlySpan<byte> body)
    {
        var reader = new BodyReader(body, FrameType.Accepted);
        return reader.End(new AcceptedBody(reader.Int64(), reader.Int64(), reader.Int64()));
    }

    /// <summary>Reads what a Data frame has before its payload, which follows at <see cref="Frame.DataFieldBytes"/>.</summary>
    public static DataFields Data(ReadOnlySpan<byte> body)
    {
        var reader = new BodyReader(body, FrameType.Data);
        var fields = new DataFields(reader.Int64(), reader.Int32(), reader.Int64());
        if (reader.Left is 0 or > Frame.MaxPayload || fields.Position < 0 || fields.FileIndex < 0 || fields.FileOffset < 0)
        {
            throw reader.Malformed($"position {fields.Position}, file {fields.FileIndex}, offset {fields.FileOffset} and {reader.Left} bytes of payload are out of range");
        }

        return fields;
    }

    /// <summary>Reads a Log.</summary>
    public static LogBody Log(ReadOnlySpan<byte> body)
    {
        var reader = new BodyReader(body, FrameType.Log);
        var epoch = reader.Int64();
        var latest = reader.Int64();
        var count = reader.Int32();

        // Each record takes some bytes: a claimed number that cannot fit is refused before anything is allocated for it.
        if (count <= 0 || count > reader.Left / Frame.RecordFieldBytes)
        {
            throw reader.Malformed($"it cannot hold {count} records");
        }

        var records = ImmutableArray.CreateBuilder<LogRecord>(count);
        for (var n = 0; n < count; n++)
        {
            var sequence = reader.Int64();
            var operations = reader.Int32();
            if (sequence < 0 || operations < 0)
            {
                throw reader.Malformed($"a record of {operations} operations at sequence {sequence} is out of range");
            }

            records.Add(new LogRecord(sequence, operations, reader.Bytes(reader.Int32()).ToArray()));
        }

        return reader.End(new LogBody(epoch, latest, records.MoveToImmutable()));
    }

    /// <summary>Reads what a LogPart frame has before its payload, which follows at <see cref="Frame.LogPartFieldBytes"/>.</summary>
    public static LogPartFields LogPart(ReadOnlySpan<byte> body)
    {
        var reader = new BodyReader(body, FrameType.LogPart);
        var part = new LogPartFields(reader.Int64(), reader.Int64(), reader.Int64(), reader.Int32(), reader.Int32(), reader.Int32());
        if (part.Sequence < 0 || part.Count < 0 || part.Total is <= 0 or > Frame.MaxRecord
            || part.Offset < 0 || reader.Left is 0 or > Frame.MaxPayload || reader.Left > part.Total - part.Offset)
        {
            throw reader.Malformed($"{reader.Left} bytes at {part.Offset} of a record of {part.Total} bytes at sequence {part.Sequence} are out of range");
        }

        return part;
    }

    /// <summary>Reads a Heartbeat.</summary>
    public static HeartbeatBody Heartbeat(ReadOnlySpan<byte> body)
    {
        var reader = new BodyReader(body, FrameType.Heartbeat);
        return reader.End(new HeartbeatBody(reader.Int64(), reader.Int64(), reader.Int64()));
    }

    /// <summary>Reads a Progress.</summary>
    public static ProgressBody Progress(ReadOnlySpan<byte> body)
    {
        var reader = new BodyReader(body, FrameType.Progress);
        var (epoch, latest, bytes, position, behind, microseconds) = (reader.Int64(), reader.Int64(), reader.Int64(), reader.Int64(), reader.Int64(), reader.Int64());
        if (position < 0 || latest < position || behind < 0 || bytes < behind || microseconds < 0 || microseconds > TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerMicrosecond)
        {
            throw reader.Malformed($"sequence {latest}, {bytes} bytes, position {position}, {behind} bytes and {microseconds} µs behind cannot be");
        }

        return reader.End(new ProgressBody(epoch, new LogProgress(latest, bytes, position, behind, TimeSpan.FromTicks(microseconds * TimeSpan.TicksPerMicrosecond))));
    }

    /// <summary>Reads an Ack.</summary>
    public static AckBody Ack(ReadOnlySpan<byte> body)
    {
        var reader = new BodyReader(body, FrameType.Ack);
        return reader.End(new AckBody(reader.Int64(), reader.Int64()));
    }

    /// <summary>Reads a Completed.</summary>
    public static long Completed(ReadOnlySpan<byte> body)
    {
        var reader = new BodyReader(body, FrameType.Completed);
        return reader.End(reader.Int64());
    }

    /// <summary>Reads an Error. A code that this version does not know comes out as it is.</summary>
    public static ErrorBody Error(ReadOnlySpan<byte> body)
    {
        var reader = new BodyReader(body, FrameType.Error);
        return reader.End(new ErrorBody((ReplicationErrorCode)reader.UInt16(), reader.String()));
    }

    private ref struct BodyReader(ReadOnlySpan<byte> body, FrameType type)
    {
        private ReadOnlySpan<byte> rest = body;

        public readonly int Left => rest.Length;

        public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Bytes(sizeof(long)));

        public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Bytes(sizeof(int)));

        public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(sizeof(ushort)));

        public ReadOnlySpan<byte> Bytes(int count)
        {
            if (count < 0 || count > rest.Length)
            {
                throw Malformed($"{count} bytes are claimed where {rest.Length} are left");
            }

            var bytes = rest[..count];
            rest = rest[count..];
            return bytes;
        }

        public string String()
        {
            var bytes = Bytes(UInt16());
            try
            {
                return StrictUtf8.GetString(bytes);
            }
            catch (DecoderFallbackException)
            {
                throw Malformed("a text is not UTF-8");
            }
        }

        public readonly T End<T>(T result) => rest.IsEmpty ? result : throw Malformed($"{rest.Length} bytes are left over");

        public readonly MalformedFrameException Malformed(string what) => new($"A {type} frame is malformed: {what}.");
    }
}
