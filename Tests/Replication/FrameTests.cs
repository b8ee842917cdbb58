using System.Collections.Immutable;
using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed class FrameTests
{
    private static readonly byte[] Nonce = [.. Enumerable.Range(0, 32).Select(n => (byte)n)];

    // What is on the wire is frozen: these bytes may never change, a new version of the protocol adds its own.
    public static TheoryData<FrameType, string> Golden => new()
    {
        { FrameType.Hello, "534C010124000000" + "EBB579CD" + "5EA5D749" + "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F02006E62" },
        { FrameType.Challenge, "534C010244000000" + "033F1D8A" + "6FC0A138" + "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F02006E61" },
        { FrameType.Proof, "534C010320000000" + "4E79DD46" + "8C3EC99D" + "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F" },
        { FrameType.Subscribe, "534C010428000000" + "F956415C" + "FCC7B2AC" + "0800736E617073686F74060033406E612F784D00000000000000040033406E6206006E6F726D616C" },
        { FrameType.Accepted, "534C010518000000" + "04C40404" + "2D53B78B" + "010000000000000002000000000000000300000000000000" },
        { FrameType.Data, "534C01061B000000" + "57D3372B" + "8DAEE967" + "46000000000000000200000005000000000000007061796C6F6164" },
        { FrameType.Log, "534C010738000000" + "A0E8E378" + "3EECA3EF" + "04000000000000006300000000000000020000000A0000000000000002000000030000000102030C00000000000000010000000100000009" },
        { FrameType.LogPart, "534C010828000000" + "E2908D74" + "BFE5D157" + "040000000000000063000000000000000A0000000000000002000000640000003200000070617274" },
        { FrameType.Heartbeat, "534C010918000000" + "2FE9CE57" + "E48832B0" + "0400000000000000630000000000000040420F0000000000" },
        { FrameType.Ack, "534C010A10000000" + "5ED2910C" + "46E49A0F" + "D2040000000000003800000000000000" },
        { FrameType.Completed, "534C010B08000000" + "2C487310" + "1F67D59A" + "0010000000000000" },
        { FrameType.Error, "534C010C08000000" + "A1E0EACA" + "21B385FF" + "03000400676F6E65" },
        { FrameType.Progress, "534C010D30000000" + "1D9E63AF" + "DFDB50BF" + "0400000000000000630000000000000070110100000000005A00000000000000A00F00000000000060E3160000000000" },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void A_frame_has_the_frozen_bytes(FrameType type, string expected) => Assert.Equal(expected, Convert.ToHexString(Sample(type)));

    [Fact]
    public void Every_frame_type_has_frozen_bytes() =>
        Assert.Equal(Enum.GetValues<FrameType>().Order(), Golden.Select(row => (FrameType)((object[])row)[0]).Order());

    [Fact]
    public void The_numbers_of_the_error_codes_are_frozen() =>
        Assert.Equal(
            "WrongSecret=1 UnknownStream=2 LogTruncated=3 Malformed=4 SourceUnavailable=5 Busy=6 Superseded=7 Stalled=8 Stopping=9",
            string.Join(' ', Enum.GetValues<ReplicationErrorCode>().Select(code => $"{code}={(ushort)code}")));

    [Fact]
    public void What_is_written_is_read_back()
    {
        Assert.Equivalent(new HelloBody(Nonce, "nb"), FrameReader.Hello(Body(FrameType.Hello)));
        Assert.Equivalent(new ChallengeBody(Nonce, Nonce, "na"), FrameReader.Challenge(Body(FrameType.Challenge)));
        Assert.Equal(Nonce, FrameReader.Proof(Body(FrameType.Proof)));
        Assert.Equal(new SubscribeBody("snapshot", "3@na/x", 77, "3@nb", "normal"), FrameReader.Subscribe(Body(FrameType.Subscribe)));
        Assert.Equal(new AcceptedBody(1, 2, 3), FrameReader.Accepted(Body(FrameType.Accepted)));
        Assert.Equal(new DataFields(70, 2, 5), FrameReader.Data(Body(FrameType.Data)));
        Assert.Equal("payload"u8, Body(FrameType.Data).AsSpan(Frame.DataFieldBytes));
        var log = FrameReader.Log(Body(FrameType.Log));
        Assert.Equal((4L, 99L, 2), (log.Epoch, log.LatestSequence, log.Records.Length));
        Assert.Equivalent(new LogRecord(12, 1, [9]), log.Records[1]);
        Assert.Equal(new LogPartFields(4, 99, 10, 2, 100, 50), FrameReader.LogPart(Body(FrameType.LogPart)));
        Assert.Equal(new HeartbeatBody(4, 99, 1_000_000), FrameReader.Heartbeat(Body(FrameType.Heartbeat)));
        Assert.Equal(new ProgressBody(4, Progress), FrameReader.Progress(Body(FrameType.Progress)));
        Assert.Equal(new AckBody(1234, 56), FrameReader.Ack(Body(FrameType.Ack)));
        Assert.Equal(4096, FrameReader.Completed(Body(FrameType.Completed)));
        Assert.Equal(new ErrorBody(ReplicationErrorCode.LogTruncated, "gone"), FrameReader.Error(Body(FrameType.Error)));
    }

    [Fact]
    public void A_frame_with_a_flipped_bit_is_refused()
    {
        foreach (var type in Enum.GetValues<FrameType>())
        {
            var frame = Sample(type);
            for (var bit = 0; bit < frame.Length * 8; bit++)
            {
                var damaged = frame.ToArray();
                damaged[bit / 8] ^= (byte)(1 << (bit % 8));
                using var decoder = new FrameDecoder(new FrameBufferPool()) { MaxBody = Frame.MaxBody };

                // A length that grew makes the frame wait for bytes: the header's own checksum must refuse it before.
                Assert.Throws<MalformedFrameException>(() => Feed(decoder, damaged, damaged.Length));
            }
        }
    }

    [Fact]
    public void A_frame_arrives_whole_however_the_network_splits_it()
    {
        const int seed = 11;
        var random = new Random(seed);
        var pool = new FrameBufferPool();
        for (var round = 0; round < 200; round++)
        {
            var types = Enumerable.Range(0, random.Next(1, 8)).Select(_ => (FrameType)random.Next(1, 13)).ToList();
            var bytes = types.SelectMany(Sample).ToArray();
            using var decoder = new FrameDecoder(pool);
            var frames = Feed(decoder, bytes, random.Next(1, 40));
            Assert.True(types.SequenceEqual(frames.Select(frame => frame.Type)), $"seed {seed}, round {round}");
            Assert.All(frames, frame => Assert.Equal(Sample(frame.Type).AsSpan(Frame.HeaderBytes), frame.Body.Span));
            Assert.True(decoder.AtBoundary);
            frames.ForEach(frame => frame.Dispose());
        }

        Assert.Equal(0, pool.RentedBytes);
    }

    [Fact]
    public void An_oversized_frame_is_refused_before_anything_is_allocated_for_it()
    {
        var pool = new FrameBufferPool();
        using var decoder = new FrameDecoder(pool);
        var header = new byte[Frame.HeaderBytes + Frame.MaxSmallBody + 1];
        Frame.Seal(header, FrameType.Data);
        var error = Assert.Throws<MalformedFrameException>(() => Feed(decoder, header[..Frame.HeaderBytes], 16));
        Assert.Contains("4097", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, pool.RentedBytes);
    }

    [Fact]
    public void Noise_is_refused_or_incomplete_but_never_breaks_the_decoder()
    {
        const int seed = 5;
        var random = new Random(seed);
        var pool = new FrameBufferPool();
        for (var round = 0; round < 5000; round++)
        {
            var noise = new byte[random.Next(1, 200)];
            random.NextBytes(noise);
            using var decoder = new FrameDecoder(pool);
            try
            {
                Feed(decoder, noise, random.Next(1, noise.Length + 1)).ForEach(frame => frame.Dispose());
                Assert.True(noise.Length < Frame.HeaderBytes, $"seed {seed}, round {round}: noise was taken for a frame");
            }
            catch (MalformedFrameException)
            {
                Assert.True(noise.Length >= Frame.HeaderBytes);
            }
        }

        Assert.Equal(0, pool.RentedBytes);
    }

    [Fact]
    public void A_body_of_noise_is_read_or_refused_with_the_typed_error_only()
    {
        const int seed = 23;
        var random = new Random(seed);
        Action<byte[]>[] readers =
        [
            body => FrameReader.Hello(body), body => FrameReader.Challenge(body), body => FrameReader.Proof(body), body => FrameReader.Subscribe(body), body => FrameReader.Accepted(body),
            body => FrameReader.Data(body), body => FrameReader.Log(body), body => FrameReader.LogPart(body), body => FrameReader.Heartbeat(body), body => FrameReader.Ack(body),
            body => FrameReader.Completed(body), body => FrameReader.Error(body),
        ];
        var refused = 0;
        for (var round = 0; round < 20_000; round++)
        {
            // Half of them are real bodies with a few bytes changed, which get further than noise.
            var body = random.Next(2) == 0 ? Body((FrameType)random.Next(1, 13)) : new byte[random.Next(120)];
            for (var change = random.Next(4); change >= 0 && body.Length > 0; change--)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }

            foreach (var reader in readers)
            {
                try
                {
                    reader(body);
                }
                catch (MalformedFrameException)
                {
                    refused++;
                }
            }
        }

        Assert.True(refused > 100_000, $"seed {seed}: only {refused} refused");
    }

    [Fact]
    public void A_number_of_records_that_cannot_fit_is_refused_before_it_is_allocated()
    {
        var body = Body(FrameType.Log);
        BitConverter.TryWriteBytes(body.AsSpan(16), int.MaxValue);
        Assert.Throws<MalformedFrameException>(() => FrameReader.Log(body));
    }

    private static readonly LogProgress Progress = new(99, 70_000, 90, 4000, TimeSpan.FromMilliseconds(1500));

    internal static byte[] Sample(FrameType type)
    {
        var target = new byte[512];
        var length = type switch
        {
            FrameType.Hello => FrameWriter.Hello(target, new HelloBody(Nonce, "nb")),
            FrameType.Challenge => FrameWriter.Challenge(target, new ChallengeBody(Nonce, Nonce, "na")),
            FrameType.Proof => FrameWriter.Proof(target, Nonce),
            FrameType.Subscribe => FrameWriter.Subscribe(target, new SubscribeBody("snapshot", "3@na/x", 77, "3@nb", "normal")),
            FrameType.Accepted => FrameWriter.Accepted(target, new AcceptedBody(1, 2, 3)),
            FrameType.Data => Data(target),
            FrameType.Log => FrameWriter.Log(target, 4, 99, [new LogRecord(10, 2, [1, 2, 3]), new LogRecord(12, 1, [9])]),
            FrameType.LogPart => FrameWriter.LogPart(target, new LogPartFields(4, 99, 10, 2, 100, 50), "part"u8),
            FrameType.Heartbeat => FrameWriter.Heartbeat(target, new HeartbeatBody(4, 99, 1_000_000)),
            FrameType.Progress => FrameWriter.Progress(target, new ProgressBody(4, Progress)),
            FrameType.Ack => FrameWriter.Ack(target, new AckBody(1234, 56)),
            FrameType.Completed => FrameWriter.Completed(target, 4096),
            _ => FrameWriter.Error(target, new ErrorBody(ReplicationErrorCode.LogTruncated, "gone")),
        };
        return target[..length];
    }

    private static int Data(byte[] target)
    {
        "payload"u8.CopyTo(target.AsSpan(FrameWriter.DataPayloadStart));
        return FrameWriter.Data(target, new DataFields(70, 2, 5), 7);
    }

    private static byte[] Body(FrameType type) => Sample(type)[Frame.HeaderBytes..];

    private static List<ReceivedFrame> Feed(FrameDecoder decoder, ReadOnlyMemory<byte> bytes, int atOnce)
    {
        var frames = new List<ReceivedFrame>();
        while (!bytes.IsEmpty)
        {
            var count = Math.Min(Math.Min(atOnce, bytes.Length), decoder.Free.Length);
            bytes[..count].CopyTo(decoder.Free);
            bytes = bytes[count..];
            if (decoder.Advance(count) is { } frame)
            {
                frames.Add(frame);
            }
        }

        return frames;
    }
}
