using System.Buffers;

namespace Sluice.Resp;

/// <summary>Replies that are all the same error.</summary>
public static class ErrorReplies
{
    /// <summary>One error for each of so many commands.</summary>
    public static ReplyBatch For(int commands, string message)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new RespWriter(output, 2);
        var ends = new int[commands];
        for (var i = 0; i < commands; i++)
        {
            writer.Error(message);
            ends[i] = output.WrittenCount;
        }

        return new ReplyBatch { Bytes = output.WrittenSpan.ToArray(), Ends = ends };
    }
}
