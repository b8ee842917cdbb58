using System.Text;
using Sluice.Storage.Commands;

namespace Sluice.Tests.Storage;

public sealed class RecordCommandTests
{
    [Fact]
    public void A_record_moves_a_key_with_its_expiry_and_is_swapped_only_if_unchanged()
    {
        using var source = new PartitionUnderTest();
        using var target = new PartitionUnderTest();
        source.Do("set k v px 5000");
        var reply = source.Do("sluice.read k");
        var record = Encoding.Latin1.GetBytes(reply[(reply.IndexOf('\n', StringComparison.Ordinal) + 1)..^2]);
        Assert.Equal("+OK\r\n", target.Do("SLUICE.STORE"u8.ToArray(), "k"u8.ToArray(), record));
        Assert.Equal(["$1\r\nv\r\n", ":5000\r\n"], target.DoAll("get k", "pttl k"));
        Assert.Equal(":0\r\n", target.Do("SLUICE.SWAP"u8.ToArray(), "k"u8.ToArray(), [], record));
        Assert.Equal(":1\r\n", source.Do("SLUICE.SWAP"u8.ToArray(), "k"u8.ToArray(), record, []));
        Assert.Equal("$-1\r\n", source.Do("get k"));
        Assert.Equal(":1\r\n", source.Do("SLUICE.SWAP"u8.ToArray(), "k"u8.ToArray(), [], record));
        Assert.Equal("$-1\r\n", source.Do("sluice.read none"));
        source.Do("set k w");
        Assert.Equal(":0\r\n", source.Do("SLUICE.SWAP"u8.ToArray(), "k"u8.ToArray(), record, []));
        Assert.StartsWith("-ERR", source.Do("SLUICE.STORE"u8.ToArray(), "k"u8.ToArray(), "nonsense"u8.ToArray()));
        Assert.Equal("$1\r\nw\r\n", source.Do("get k"));
    }

    [Fact]
    public void A_key_of_another_type_is_refused_by_string_commands_and_known_to_the_others()
    {
        using var partition = new PartitionUnderTest();
        // A list, as a later version may store it.
        partition.Do("SLUICE.STORE"u8.ToArray(), "k"u8.ToArray(), [0x42, 1, 2, 3]);
        foreach (var command in new[] { "get k", "incr k", "append k x", "strlen k", "getrange k 0 1", "setrange k 0 x", "getset k x", "getdel k", "getex k", "set k x get", "incrbyfloat k 1" })
        {
            Assert.Equal("-" + RedisErrors.WrongType + "\r\n", partition.Do(command));
        }

        Assert.Equal(["+list\r\n", ":1\r\n", "*1\r\n$-1\r\n", "+OK\r\n", ":1\r\n", "+list\r\n", "+OK\r\n", "+string\r\n"],
            partition.DoAll("type k", "exists k", "mget k", "rename k l", "expire l 100", "type l", "set l x", "type l"));
    }

    [Fact]
    public void Every_command_is_described_as_it_is_executed()
    {
        foreach (var command in ShardCommandTable.All)
        {
            Assert.Same(command, ShardCommandTable.Find(Encoding.ASCII.GetBytes(command.Name)));
            Assert.True(command.Writes != ((command.Flags & ShardCommandFlags.ReadOnly) != 0), $"{command.Name} either writes or reads only");
            Assert.Equal(command.FirstKey == 0, (command.Flags & ShardCommandFlags.WholeShard) != 0);
        }

        Assert.Null(ShardCommandTable.Find("A.VERY.LONG.NAME.THAT.NO.COMMAND.HAS"u8));
    }
}
