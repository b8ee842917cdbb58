using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Sluice.Client;
using Sluice.Resp;

namespace Sluice.Tests.Client;

public sealed class RespReplyReaderTests
{
    [Fact]
    public void What_the_writer_writes_is_read_back_in_both_protocols()
    {
        foreach (var protocol in new[] { 2, 3 })
        {
            var output = new ArrayBufferWriter<byte>();
            var writer = new RespWriter(output, protocol);
            writer.Ok();
            writer.Error("ERR no");
            writer.Integer(-42);
            writer.BulkString("a\r\nb");
            writer.Null();
            writer.Array(2);
            writer.Integer(1);
            writer.NullArray();

            var replies = RespReplyReader.ReadAll(output.WrittenSpan.ToArray(), 6);

            Assert.True(replies[0].AsDone());
            Assert.Equal("ERR no", Assert.Throws<SluiceCommandException>(() => replies[1].AsValue()).Message);
            Assert.Equal(-42, replies[2].AsInteger());
            Assert.Equal("a\r\nb", Encoding.UTF8.GetString(replies[3].AsValue()!));
            Assert.Null(replies[4].AsValue());
            Assert.Equal([RespReplyKind.Integer, RespReplyKind.Null], replies[5].Items.Select(item => item.Kind));
        }
    }

    [Fact]
    public void A_reply_that_has_not_arrived_whole_leaves_the_buffer_as_it_is()
    {
        var whole = Encoding.ASCII.GetBytes("*2\r\n$3\r\nabc\r\n*1\r\n:5\r\n");
        for (var length = 0; length < whole.Length; length++)
        {
            var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(whole, 0, length));
            Assert.False(RespReplyReader.TryRead(ref reader, out _), $"{length} bytes were taken for a whole reply.");
            Assert.Equal(0, reader.Consumed);
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n")]
    [InlineData("$-2\r\n")]
    [InlineData("$99999999999\r\n")]
    [InlineData("$3\r\nabcd\r\n")]
    [InlineData(":12a\r\n")]
    [InlineData("*99999999\r\n")]
    [InlineData("\r\n")]
    public void Nonsense_is_refused(string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);

        Assert.Throws<SluiceException>(() =>
        {
            var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(bytes));
            RespReplyReader.TryRead(ref reader, out _);
        });
    }

    [Fact]
    public void Nesting_without_an_end_is_refused()
    {
        var bytes = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("*1\r\n", 100_000)));

        Assert.Throws<SluiceException>(() => RespReplyReader.ReadAll(bytes, 1));
    }

    [Fact]
    public void Any_bytes_are_read_or_refused_or_waited_for() => Prop.ForAll<byte[]>(bytes =>
    {
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(bytes));
        try
        {
            return RespReplyReader.TryRead(ref reader, out _) ? reader.Consumed > 0 : reader.Consumed == 0;
        }
        catch (SluiceException)
        {
            return true;
        }
    }).QuickCheckThrowOnFailure();
}
