using System.Buffers;
using System.Text;
using Sluice.Resp;

namespace Sluice.Tests.Resp;

/// <summary>Replies written by the writer, or nonsense, are read as they should be.</summary>
public class RespReaderTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void What_the_writer_writes_is_read_back(int protocol)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new RespWriter(output, protocol);
        writer.Array(9);
        writer.SimpleString("simple");
        writer.Error("ERR wrong\r\nthing");
        writer.Integer(long.MinValue);
        writer.BulkString("bulk\r\n");
        writer.Null();
        writer.NullArray();
        writer.Map(1);
        writer.BulkString("key");
        writer.Boolean(true);
        writer.VerbatimText("text");
        writer.Set(1);
        writer.Double(1.5);

        var reader = new RespReader(output.WrittenSpan);
        Assert.True(reader.TryRead(out var value));

        Assert.True(reader.IsAtEnd);
        var expected = protocol == 3
            ? "Array[\"simple\", (error) ERR wrong thing, (integer) -9223372036854775808, \"bulk\r\n\", (nil), (nil), Map[\"key\", \"1\"], \"text\", Set[\"1.5\"]]"
            : "Array[\"simple\", (error) ERR wrong thing, (integer) -9223372036854775808, \"bulk\r\n\", (nil), (nil), Array[\"key\", (integer) 1], \"text\", Array[\"1.5\"]]";
        Assert.Equal(expected, value.ToString());
    }

    [Fact]
    public void Every_beginning_of_a_reply_asks_for_more()
    {
        var bytes = Encoding.ASCII.GetBytes("*4\r\n+a\r\n$3\r\nabc\r\n%1\r\n:1\r\n_\r\n=7\r\ntxt:abc\r\n");
        for (var length = 0; length < bytes.Length; length++)
        {
            var reader = new RespReader(bytes.AsSpan(0, length));
            Assert.False(reader.TryRead(out _), $"{length} bytes");
            Assert.False(reader.TrySkip(out _), $"{length} bytes");
            Assert.Equal(0, reader.Consumed);
        }

        var whole = new RespReader(bytes);
        Assert.True(whole.TrySkip(out var skipped));
        Assert.Equal(bytes.Length, skipped.Length);
    }

    [Theory]
    [InlineData("?\r\n")]
    [InlineData("\r\n")]
    [InlineData(":a\r\n")]
    [InlineData("$-2\r\n")]
    [InlineData("$1\r\nabc\r\n")]
    [InlineData("#x\r\n")]
    [InlineData("=2\r\nab\r\n")]
    [InlineData("*99999999999999\r\n")]
    public void Nonsense_is_refused(string input) =>
        Assert.Throws<RespFormatException>(() => new RespReader(Encoding.ASCII.GetBytes(input)).TryRead(out _));

    [Fact]
    public void Replies_that_nest_too_deep_are_refused()
    {
        var bytes = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("*1\r\n", 10_000)));
        Assert.Throws<RespFormatException>(() => new RespReader(bytes).TryRead(out _));
        Assert.Throws<RespFormatException>(() => new RespReader(bytes).TrySkip(out _));
    }

    [Fact]
    public void A_claimed_count_is_not_allocated_for()
    {
        var bytes = "*1000000000\r\n"u8.ToArray();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.False(new RespReader(bytes).TryRead(out _));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 * 1024);
    }

    [Fact]
    public void Random_bytes_give_replies_or_the_typed_error_and_skipping_agrees_with_reading()
    {
        const int Seed = 4711;
        var random = new Random(Seed);
        string[] tokens = ["*", "$", "%", "~", "=", "+", "-", ":", "_", "#t", ",", "(", "!", ">", "\r\n", "1", "2", "-1", "abc", "$1\r\nx\r\n", "+a\r\n", ":1\r\n"];
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, random.Next(1, 20)).Select(_ => tokens[random.Next(tokens.Length)])));
            var read = Consumed(bytes, (ref RespReader reader) => reader.TryRead(out _));
            var skipped = Consumed(bytes, (ref RespReader reader) => reader.TrySkip(out _));
            if (read >= 0)
            {
                // Skipping looks less closely: what can be read can be skipped.
                Assert.True(read == skipped || read == 0, $"seed {Seed}, round {i}: read {read}, skipped {skipped} of {Encoding.ASCII.GetString(bytes)}");
            }
        }
    }

    private delegate bool Step(ref RespReader reader);

    private static int Consumed(byte[] bytes, Step step)
    {
        var reader = new RespReader(bytes);
        try
        {
            return step(ref reader) ? reader.Consumed : 0;
        }
        catch (RespFormatException)
        {
            return -1;
        }
    }
}
