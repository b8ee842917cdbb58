using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Sluice.Resp;
using Sluice.Silo.Resp;
using Sluice.Silo.Resp.Commands;

namespace Sluice.Tests.Resp;

/// <summary>What the parser makes of bytes, however they are cut.</summary>
public class RespRequestParserTests
{
    private const int Seed = 20_260_731;

    [Fact]
    public void Any_split_of_the_input_gives_the_same_commands()
    {
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var commands = Enumerable.Range(0, random.Next(1, 6)).Select(_ => RandomCommand(random)).ToList();
            var bytes = commands.SelectMany(command => RespClient.Encode(command)).ToArray();

            var parsed = Parse(Cut(bytes, random), new RespRequestParser(), out var error);

            return (error is null && Same(commands, parsed)).Label($"seed {seed}");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithReplay(Seed, 1));
    }

    [Fact]
    public void Random_bytes_give_commands_or_the_typed_error_whatever_the_split()
    {
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var bytes = Nonsense(random);

            var whole = Parse([bytes], new RespRequestParser(), out var wholeError);
            var split = Parse(Cut(bytes, random), new RespRequestParser(), out var splitError);

            return (Same(whole, split) && wholeError?.Message == splitError?.Message).Label($"seed {seed}: {wholeError?.Message} / {splitError?.Message}");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000).WithReplay(Seed, 1));
    }

    [Theory]
    [InlineData("*1048576\r\n$536870912\r\n")]
    [InlineData("*1048576\r\n$3\r\nSET\r\n$536870912\r\nabc")]
    [InlineData("*2\r\n$3\r\nGET\r\n$100000000\r\n")]
    public void A_claimed_length_is_not_allocated_for(string input)
    {
        var parser = new RespRequestParser();
        var bytes = new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(input));
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.False(parser.TryRead(ref bytes, out _));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024);
    }

    [Fact]
    public void A_value_that_comes_in_pieces_is_copied_a_constant_number_of_times()
    {
        var parser = new RespRequestParser();
        const int Length = 32 << 20;
        var header = new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes($"*2\r\n$4\r\nECHO\r\n${Length}\r\n"));
        Assert.False(parser.TryRead(ref header, out _));
        var piece = new byte[4096];
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var sent = 0; sent < Length; sent += piece.Length)
        {
            var sequence = new ReadOnlySequence<byte>(piece);
            Assert.False(parser.TryRead(ref sequence, out _));
            Assert.True(sequence.IsEmpty);
        }

        var end = new ReadOnlySequence<byte>("\r\n"u8.ToArray());
        Assert.True(parser.TryRead(ref end, out var command));
        Assert.Equal(Length, command[1].Length);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, Length, 2L * Length);
    }

    // The wordings are those that Redis 7.0.15 gave to the same bytes, CRLF after a bulk string excepted: Redis doesn't look.
    [Theory]
    [InlineData("*1\r\n$99999999999\r\n", "invalid bulk length")]
    [InlineData("*1\r\n$-1\r\n", "invalid bulk length")]
    [InlineData("*1\r\n$+4\r\nPING\r\n", "invalid bulk length")]
    [InlineData("*1\r\n$04\r\nPING\r\n", "invalid bulk length")]
    [InlineData("*1\r\n$\r\n", "invalid bulk length")]
    [InlineData("*1\r\n%3\r\nabc\r\n", "expected '$', got '%'")]
    [InlineData("*abc\r\n", "invalid multibulk length")]
    [InlineData("*1\nPING\r\n", "invalid multibulk length")]
    [InlineData("* 1\r\n$4\r\nPING\r\n", "invalid multibulk length")]
    [InlineData("*1048577\r\n", "invalid multibulk length")]
    [InlineData("*99999999999999999999\r\n", "invalid multibulk length")]
    [InlineData("PING \"a\r\n", "unbalanced quotes in request")]
    [InlineData("PING 'a\r\n", "unbalanced quotes in request")]
    [InlineData("ECHO \"a\"b\r\n", "unbalanced quotes in request")]
    [InlineData("*1\r\n$4\r\nPINGxx", "expected CRLF after a bulk string")]
    public void Nonsense_is_refused_in_the_words_of_Redis(string input, string message)
    {
        Parse([Encoding.Latin1.GetBytes(input)], new RespRequestParser(), out var error);
        Assert.Equal(message, error?.Message);
    }

    [Theory]
    [InlineData("x", "too big inline request")]
    [InlineData("*1", "too big mbulk count string")]
    [InlineData("*1\r\n$1", "too big bulk count string")]
    public void An_endless_line_is_refused(string beginning, string message)
    {
        var bytes = Encoding.ASCII.GetBytes(beginning + new string('1', 70_000));
        Parse([bytes], new RespRequestParser(), out var whole);
        Parse([.. bytes.Chunk(1000)], new RespRequestParser(), out var pieces);
        Assert.Equal(message, whole?.Message);
        Assert.Equal(message, pieces?.Message);
    }

    [Theory]
    [InlineData("*11\r\n", "unauthenticated multibulk length")]
    [InlineData("*2\r\n$4\r\nAUTH\r\n$16385\r\n", "unauthenticated bulk length")]
    public void A_stranger_may_claim_little(string input, string message)
    {
        Parse([Encoding.ASCII.GetBytes(input)], new RespRequestParser { Limits = RespLimits.Default with { Authenticated = false } }, out var error);
        Assert.Equal(message, error?.Message);
    }

    [Fact]
    public void All_arguments_of_a_command_together_are_limited()
    {
        var parser = new RespRequestParser();
        var bytes = new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes("*1000\r\n$536870912\r\n"));
        Assert.False(parser.TryRead(ref bytes, out _));
        var limits = new RespRequestParser { Limits = new RespLimits(2_000_000_000, true) };
        Parse([Encoding.ASCII.GetBytes("*2\r\n$1073741825\r\n")], limits, out var error);
        Assert.Equal("a command's arguments exceed 1073741824 bytes", error?.Message);
    }

    [Theory]
    [InlineData("PING\r\n", "PING")]
    [InlineData("PING\n", "PING")]
    [InlineData("  ECHO   a \r\n", "ECHO|a")]
    [InlineData("ECHO \"a\\x41\\n\\\"b\"\r\n", "ECHO|aA\n\"b")]
    [InlineData("ECHO 'a\\'b\\n'\r\n", "ECHO|a'b\\n")]
    [InlineData("ECHO \"\"\r\n", "ECHO|")]
    [InlineData("\r\n  \r\nPING\r\n", "PING")]
    [InlineData("*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n", "PING")]
    [InlineData("*1\r\n$0\r\n\r\n", "")]
    [InlineData("*2\r\n$4\r\necho\r\n$3\r\na\nb\r\n", "echo|a\nb")]
    public void Commands_come_in_both_forms(string input, string command)
    {
        var parsed = Parse([Encoding.Latin1.GetBytes(input)], new RespRequestParser(), out var error);
        Assert.Null(error);
        Assert.Equal(command, string.Join('|', Assert.Single(parsed).Select(Encoding.Latin1.GetString)));
    }

    [Fact]
    public void Known_names_are_shared_whatever_their_case()
    {
        var bytes = Encoding.ASCII.GetBytes("*2\r\n$3\r\ngEt\r\n$1\r\na\r\nget b\r\n*2\r\n$3\r\nGET\r\n$1\r\nc\r\n");
        foreach (var pieces in new[] { [bytes], bytes.Chunk(1).ToArray() })
        {
            var parsed = Parse(pieces, new RespRequestParser(CommandTable.Intern), out _);
            Assert.Equal(3, parsed.Count);
            Assert.All(parsed, command => Assert.Same(CommandTable.Find("get")!.WireName, command[0]));
        }
    }

    [Fact]
    public void Empty_segments_are_passed_over()
    {
        var first = new Segment(ReadOnlyMemory<byte>.Empty, null);
        var last = first.Append("PI"u8.ToArray()).Append(ReadOnlyMemory<byte>.Empty).Append("NG\r\n"u8.ToArray());
        var input = new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
        Assert.True(new RespRequestParser().TryRead(ref input, out var command));
        Assert.Equal("PING", Encoding.ASCII.GetString(command[0]));
    }

    /// <summary>Feeds pieces as a pipe does: what was not consumed comes again, with what is new behind it.</summary>
    private static List<byte[][]> Parse(IReadOnlyList<byte[]> pieces, RespRequestParser parser, out RespFormatException? error)
    {
        var commands = new List<byte[][]>();
        var unread = Array.Empty<byte>();
        error = null;
        try
        {
            foreach (var piece in pieces)
            {
                var first = new Segment(unread, null);
                var last = first.Append(piece);
                var input = new ReadOnlySequence<byte>(first, 0, last, piece.Length);
                while (parser.TryRead(ref input, out var command))
                {
                    commands.Add(command);
                }

                unread = input.ToArray();
            }
        }
        catch (RespFormatException refused)
        {
            error = refused;
        }

        return commands;
    }

    private static byte[][] RandomCommand(Random random)
    {
        var words = new byte[random.Next(1, 6)][];
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = new byte[random.Next(8) == 0 ? random.Next(60_000) : random.Next(20)];
            random.NextBytes(words[i]);
        }

        return words;
    }

    /// <summary>Bytes that look like RESP often enough to reach every corner.</summary>
    private static byte[] Nonsense(Random random)
    {
        string[] tokens = ["*", "$", "\r\n", "\n", "\r", "1", "2", "3", "-1", "0", " ", "\"", "'", "\\x41", "PING", "GET", "abc", "*1\r\n$4\r\nPING\r\n", "*2\r\n$3\r\nGET\r\n", "$1\r\nx\r\n", "\0", "99999999999", "$5\r\n"];
        var output = new MemoryStream();
        var count = random.Next(1, 30);
        for (var i = 0; i < count; i++)
        {
            output.Write(random.Next(6) == 0 ? [(byte)random.Next(256)] : Encoding.ASCII.GetBytes(tokens[random.Next(tokens.Length)]));
        }

        return output.ToArray();
    }

    private static List<byte[]> Cut(byte[] bytes, Random random)
    {
        var pieces = new List<byte[]>();
        for (var at = 0; at < bytes.Length;)
        {
            var length = Math.Min(bytes.Length - at, random.Next(4) == 0 ? random.Next(1, 10_000) : random.Next(1, 9));
            pieces.Add(bytes[at..(at + length)]);
            at += length;
        }

        return pieces;
    }

    private static bool Same(List<byte[][]> left, List<byte[][]> right) =>
        left.Count == right.Count && left.Zip(right).All(pair => pair.First.Length == pair.Second.Length && pair.First.Zip(pair.Second).All(words => words.First.AsSpan().SequenceEqual(words.Second)));

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            RunningIndex = before is null ? 0 : before.RunningIndex + before.Memory.Length;
        }

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, this);
            Next = next;
            return next;
        }
    }
}
