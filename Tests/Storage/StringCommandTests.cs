namespace Sluice.Tests.Storage;

public sealed class StringCommandTests
{
    [Theory]
    [InlineData("set k v|get k", "+OK\r\n|$1\r\nv\r\n")]
    [InlineData("get k", "$-1\r\n")]
    [InlineData("set k v nx|set k w nx|set k w xx get|get k", "+OK\r\n|$-1\r\n|$1\r\nv\r\n|$1\r\nw\r\n")]
    [InlineData("set k v ex 0", "-ERR invalid expire time in 'set' command\r\n")]
    [InlineData("set k v ex 10 px 10", "-ERR syntax error\r\n")]
    [InlineData("incr k|incrby k 41|decr k|get k", ":1\r\n|:42\r\n|:41\r\n|$2\r\n41\r\n")]
    [InlineData("set k 9223372036854775807|incr k", "+OK\r\n|-ERR increment or decrement would overflow\r\n")]
    [InlineData("set k 007|incr k", "+OK\r\n|-ERR value is not an integer or out of range\r\n")]
    [InlineData("set k 10.5|incrbyfloat k 0.1|incrbyfloat k -5.0", "+OK\r\n|$4\r\n10.6\r\n|$3\r\n5.6\r\n")]
    [InlineData("append k ab|append k c|strlen k|getrange k -2 -1|setrange k 5 z|get k", ":2\r\n|:3\r\n|:3\r\n|$2\r\nbc\r\n|:6\r\n|$6\r\nabc\0\0z\r\n")]
    [InlineData("mset a 1 b 2|mget a b c|mset a", "+OK\r\n|*3\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n|-ERR wrong number of arguments for 'mset' command\r\n")]
    [InlineData("set a 1|rename a b|exists a b|rename a b|renamenx b b", "+OK\r\n|+OK\r\n|:1\r\n|-ERR no such key\r\n|:0\r\n")]
    [InlineData("del a|set a 1|del a a|type a|set a 2|type a", ":0\r\n|+OK\r\n|:1\r\n|+none\r\n|+OK\r\n|+string\r\n")]
    [InlineData("nonsense a b", "-ERR unknown command 'NONSENSE', with args beginning with: 'a' 'b' \r\n")]
    [InlineData("get", "-ERR wrong number of arguments for 'get' command\r\n")]
    public void Commands_of_one_batch_reply_as_redis_does(string commands, string replies)
    {
        using var partition = new PartitionUnderTest();
        Assert.Equal(replies, string.Join("|", partition.DoAll(commands.Split('|'))));
    }

    [Fact]
    public void A_command_without_a_name_is_unknown()
    {
        using var partition = new PartitionUnderTest();
        Assert.Equal(["-ERR unknown command '', with args beginning with: \r\n", "+OK\r\n"], partition.DoAll([[], PartitionUnderTest.Words("set k v")]));
    }

    [Fact]
    public void A_replica_refuses_writes_and_answers_reads()
    {
        using var partition = new PartitionUnderTest();
        partition.Do("set k v");
        var replies = partition.DoAll([PartitionUnderTest.Words("set k w"), PartitionUnderTest.Words("get k")], writable: false);
        Assert.Equal(["-READONLY You can't write against a read only replica.\r\n", "$1\r\nv\r\n"], replies);
    }
}
