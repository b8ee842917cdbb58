using System.Buffers.Binary;
using System.Text;

namespace Sluice.Replication;

/// <summary>
/// Writes frames; pure. Each method fills the beginning of <c>target</c> with one whole frame and returns its length. In the grammars
/// <c>string = u16 *OCTET</c> is a length and so many bytes of UTF-8; <c>i64</c>, <c>i32</c>, <c>u32</c>, <c>u16</c> are little-endian.
/// </summary>
public static class FrameWriter
{
    private const int MaxErrorText = 1024;

    /// <summary><code>hello = 32OCTET string    ; nonce, node</code></summary>
    public static int Hello(Span<byte> target, HelloBody body)
    {
        var writer = new BodyWriter(target);
        writer.Bytes(body.Nonce);
        writer.String(body.Node);
        return writer.Seal(FrameType.Hello);
    }

    /// <summary><code>challenge = 32OCTET 32OCTET string    ; nonce, proof, node</code></summary>
    public static int Challenge(Span<byte> target, ChallengeBody body)
    {
        var writer = new BodyWriter(target);
        writer.Bytes(body.Nonce);
        writer.Bytes(body.Proof);
        writer.String(body.Node);
        return writer.Seal(FrameType.Challenge);
    }

    /// <summary><code>proof = 32OCTET</code></summary>
    public static int Proof(Span<byte> target, ReadOnlySpan<byte> proof)
    {
        var writer = new BodyWriter(target);
        writer.Bytes(proof);
        return writer.Seal(FrameType.Proof);
    }

    /// <summary><code>subscribe = string string i64 string string    ; namespace, key, position, replica, class</code></summary>
    public static int Subscribe(Span<byte> target, SubscribeBody body)
    {
        var writer = new BodyWriter(target);
        writer.String(body.Namespace);
        writer.String(body.Key);
        writer.Int64(body.Position);
        writer.String(body.Replica);
        writer.String(body.Class);
        return writer.Seal(FrameType.Subscribe);
    }

    /// <summary><code>accepted = i64 i64 i64    ; position, total, epoch</code></summary>
    public static int Accepted(Span<byte> target, AcceptedBody body)
    {
        var writer = new BodyWriter(target);
        writer.Int64(body.Position);
        writer.Int64(body.Total);
        writer.Int64(body.Epoch);
        return writer.Seal(FrameType.Accepted);
    }

    /// <summary>
    /// <code>data = i64 i32 i64 1*OCTET    ; position, file index, file offset, payload</code>
    /// The payload is already in place, at <see cref="DataPayloadStart"/>: it was read from disk to there.
    /// </summary>
    public static int Data(Span<byte> target, DataFields fields, int payloadLength)
    {
        var writer = new BodyWriter(target);
        writer.Int64(fields.Position);
        writer.Int32(fields.FileIndex);
        writer.Int64(fields.FileOffset);
        writer.Skip(payloadLength);
        return writer.Seal(FrameType.Data);
    }

    /// <summary>Where in a Data frame the payload stands.</summary>
    public const int DataPayloadStart = Frame.HeaderBytes + Frame.DataFieldBytes;

    /// <summary>
    /// <code>
    /// log    = i64 i64 u32 1*record    ; epoch, latest sequence, number of records
    /// record = i64 i32 u32 *OCTET      ; sequence, count, length of the batch, batch
    /// </code>
    /// </summary>
    public static int Log(Span<byte> target, long epoch, long latestSequence, ReadOnlySpan<LogRecord> records)
    {
        var writer = new BodyWriter(target);
        writer.Int64(epoch);
        writer.Int64(latestSequence);
        writer.Int32(records.Length);
        foreach (var record in records)
        {
            writer.Int64(record.Sequence);
            writer.Int32(record.Count);
            writer.Int32(record.Batch.Length);
            writer.Bytes(record.Batch);
        }

        return writer.Seal(FrameType.Log);
    }

    /// <summary><code>log-part = i64 i64 i64 i32 u32 u32 1*OCTET    ; epoch, latest sequence, sequence, count, total, offset, payload</code></summary>
    public static int LogPart(Span<byte> target, LogPartFields fields, ReadOnlySpan<byte> payload)
    {
        var writer = new BodyWriter(target);
        writer.Int64(fields.Epoch);
        writer.Int64(fields.LatestSequence);
        writer.Int64(fields.Sequence);
        writer.Int32(fields.Count);
        writer.Int32(fields.Total);
        writer.Int32(fields.Offset);
        writer.Bytes(payload);
        return writer.Seal(FrameType.LogPart);
    }

    /// <summary><code>heartbeat = i64 i64 i64    ; epoch, latest sequence, sent at</code></summary>
    public static int Heartbeat(Span<byte> target, HeartbeatBody body)
    {
        var writer = new BodyWriter(target);
        writer.Int64(body.Epoch);
        writer.Int64(body.LatestSequence);
        writer.Int64(body.SentAt);
        return writer.Seal(FrameType.Heartbeat);
    }

    /// <summary><code>progress = i64 i64 i64 i64 i64 i64    ; epoch, latest sequence, bytes up to it, position, bytes behind, microseconds behind</code></summary>
    public static int Progress(Span<byte> target, ProgressBody body)
    {
        var writer = new BodyWriter(target);
        writer.Int64(body.Epoch);
        writer.Int64(body.Progress.LatestSequence);
        writer.Int64(body.Progress.LatestBytes);
        writer.Int64(body.Progress.Position);
        writer.Int64(body.Progress.BehindBytes);
        writer.Int64((long)body.Progress.Behind.TotalMicroseconds);
        return writer.Seal(FrameType.Progress);
    }

    /// <summary><code>ack = i64 i64    ; consumed, durable</code></summary>
    public static int Ack(Span<byte> target, AckBody body)
    {
        var writer = new BodyWriter(target);
        writer.Int64(body.Consumed);
        writer.Int64(body.Durable);
        return writer.Seal(FrameType.Ack);
    }

    /// <summary><code>completed = i64    ; position</code></summary>
    public static int Completed(Span<byte> target, long position)
    {
        var writer = new BodyWriter(target);
        writer.Int64(position);
        return writer.Seal(FrameType.Completed);
    }

    /// <summary><code>error = u16 string    ; code, message</code></summary>
    public static int Error(Span<byte> target, ErrorBody body)
    {
        var writer = new BodyWriter(target);
        writer.UInt16((ushort)body.Code);
        var message = body.Message.Length <= MaxErrorText / 3 ? body.Message : body.Message[..(MaxErrorText / 3)];
        writer.String(message);
        return writer.Seal(FrameType.Error);
    }

    // The body goes right behind the space for the header, so that a frame is one piece of memory.
    private ref struct BodyWriter(Span<byte> frame)
    {
        private readonly Span<byte> frame = frame;
        private int length = Frame.HeaderBytes;

        public void Int64(long value)
        {
            BinaryPrimitives.WriteInt64LittleEndian(frame[length..], value);
            length += sizeof(long);
        }

        public void Int32(int value)
        {
            BinaryPrimitives.WriteInt32LittleEndian(frame[length..], value);
            length += sizeof(int);
        }

        public void UInt16(ushort value)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(frame[length..], value);
            length += sizeof(ushort);
        }

        public void Bytes(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(frame[length..]);
            length += bytes.Length;
        }

        public void String(string text)
        {
            var count = Encoding.UTF8.GetByteCount(text);
            UInt16(checked((ushort)count));
            Encoding.UTF8.GetBytes(text, frame[length..]);
            length += count;
        }

        public void Skip(int count) => length += count;

        public readonly int Seal(FrameType type)
        {
            Frame.Seal(frame[..length], type);
            return length;
        }
    }
}
