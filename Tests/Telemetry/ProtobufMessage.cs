using System.Text;

namespace Sluice.Tests.Telemetry;

/// <summary>As much of the protobuf wire format as it takes to find names in OTLP messages: fields by number, nested messages, strings.</summary>
internal readonly struct ProtobufMessage(ReadOnlyMemory<byte> bytes)
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int LengthDelimited = 2;
    private const int Fixed32 = 5;

    /// <summary>The length-delimited values of a field, in order.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Fields(int number)
    {
        var rest = bytes;
        while (!rest.IsEmpty)
        {
            var tag = TakeVarint(ref rest);
            var length = (int)(tag & 7) switch
            {
                Fixed64 => 8,
                Fixed32 => 4,
                LengthDelimited => (int)TakeVarint(ref rest),
                Varint => Skip(ref rest),
                var type => throw new InvalidDataException($"Wire type {type} is none of OTLP's."),
            };
            if ((tag & 7) == LengthDelimited && tag >> 3 == (ulong)number)
            {
                yield return rest[..length];
            }

            rest = rest[length..];
        }
    }

    /// <summary>The messages of a field.</summary>
    public IEnumerable<ProtobufMessage> Messages(int number) => Fields(number).Select(field => new ProtobufMessage(field));

    /// <summary>A field's text; empty when it is not there.</summary>
    public string Text(int number) => Fields(number).Select(field => Encoding.UTF8.GetString(field.Span)).FirstOrDefault("");

    /// <summary>A field's bytes as hexadecimal digits.</summary>
    public string Hex(int number) => Fields(number).Select(field => Convert.ToHexString(field.Span)).FirstOrDefault("");

    private static int Skip(ref ReadOnlyMemory<byte> rest)
    {
        TakeVarint(ref rest);
        return 0;
    }

    private static ulong TakeVarint(ref ReadOnlyMemory<byte> rest)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = rest.Span[0];
            rest = rest[1..];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }
}
