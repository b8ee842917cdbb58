using System.Text.RegularExpressions;
using Sluice.Silo.Resp.Commands;
using Sluice.Storage.Commands;
using CommandFlags = Sluice.Silo.Resp.Commands.CommandFlags;

namespace Sluice.Tests.Resp;

/// <summary>
/// One row a command at least: what a client sends and what it gets. Errors are worded as Redis 7.0.15 worded them when it was asked. The shards of these tests answer a command that they
/// don't know with its name and the number of its arguments: what they get is what is tested here, what they make of it is tested with the partition.
/// </summary>
public class CommandTests
{
    /// <summary>Command and reply; a reply between slashes is a regular expression. Commands before the last arrow prepare.</summary>
    public static TheoryData<string, string> Rows => new()
    {
        { "PING", "\"PONG\"" },
        { "ping hello", "\"hello\"" },
        { "PING a b", "(error) ERR wrong number of arguments for 'ping' command" },
        { "ECHO text", "\"text\"" },
        { "ECHO", "(error) ERR wrong number of arguments for 'echo' command" },
        { "HELLO", "/Array\\[\"server\", \"redis\", \"version\", \"7.*\"proto\", \\(integer\\) 2, \"id\", \\(integer\\) \\d+, \"mode\", \"standalone\", \"role\", \"master\", \"modules\", Array\\[\\]\\]/" },
        { "HELLO 3", "/Map\\[\"server\".*\"proto\", \\(integer\\) 3,.*/" },
        { "HELLO 4", "(error) NOPROTO unsupported protocol version" },
        { "HELLO a", "(error) ERR Protocol version is not an integer or out of range" },
        { "HELLO 2 AUTH", "(error) ERR Syntax error in HELLO option 'AUTH'" },
        { "HELLO 2 foo", "(error) ERR Syntax error in HELLO option 'foo'" },
        { "HELLO 3 SETNAME \"a b\"", "(error) ERR Client names cannot contain spaces, newlines or special characters." },
        { "HELLO 2 SETNAME me -> CLIENT GETNAME", "\"me\"" },
        { "AUTH a", "(error) ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?" },
        { "AUTH default b", "\"OK\"" },
        { "AUTH a b", "(error) WRONGPASS invalid username-password pair or user is disabled." },
        { "AUTH a b c", "(error) ERR syntax error" },
        { "SELECT 0", "\"OK\"" },
        { "SELECT 1", "(error) ERR DB index is out of range" },
        { "SELECT a", "(error) ERR value is not an integer or out of range" },
        { "QUIT", "\"OK\"" },
        { "RESET", "\"RESET\"" },
        { "CLIENT SETNAME me -> RESET -> CLIENT GETNAME", "(nil)" },
        { "TIME", "/Array\\[\"\\d{10,}\", \"\\d{1,6}\"\\]/" },
        { "TIME x", "(error) ERR wrong number of arguments for 'time' command" },
        { "CLIENT", "(error) ERR wrong number of arguments for 'client' command" },
        { "CLIENT foo", "(error) ERR unknown subcommand 'foo'. Try CLIENT HELP." },
        { "CLIENT HELP", "/Array\\[\"CLIENT <subcommand>.*/" },
        { "CLIENT ID", "/\\(integer\\) [1-9]\\d*/" },
        { "client Id x", "(error) ERR wrong number of arguments for 'client|id' command" },
        { "CLIENT GETNAME", "(nil)" },
        { "CLIENT SETNAME me -> CLIENT GETNAME", "\"me\"" },
        { "CLIENT SETNAME \"a b\"", "(error) ERR Client names cannot contain spaces, newlines or special characters." },
        { "CLIENT SETINFO LIB-NAME lib -> CLIENT SETINFO LIB-VER 1.0 -> CLIENT INFO", "/\"id=\\d+ addr=127.0.0.1:\\d+ laddr=127.0.0.1:\\d+ .* cmd=client\\|info .*lib-name=lib lib-ver=1.0\n\"/" },
        { "CLIENT SETINFO foo bar", "(error) ERR Unrecognized option 'foo'" },
        { "CLIENT SETINFO LIB-NAME \"a b\"", "(error) ERR lib-name cannot contain spaces, newlines or special characters." },
        { "CLIENT INFO", "/\"id=.*resp=2.*\n\"/" },
        { "CLIENT LIST", "/\"id=.*cmd=client\\|list.*\n\"/" },
        { "CLIENT LIST TYPE normal", "/\"id=.*\n\"/" },
        { "CLIENT LIST TYPE replica", "\"\"" },
        { "CLIENT LIST TYPE foo", "(error) ERR Unknown client type 'foo'" },
        { "CLIENT LIST ID 999999", "\"\"" },
        { "CLIENT LIST ID x", "(error) ERR Invalid client ID" },
        { "CLIENT LIST foo", "(error) ERR syntax error" },
        { "CLIENT NO-EVICT on", "\"OK\"" },
        { "CLIENT NO-EVICT foo", "(error) ERR syntax error" },
        { "CLIENT KILL 1.1.1.1:12", "(error) ERR No such client" },
        { "CLIENT KILL", "(error) ERR wrong number of arguments for 'client|kill' command" },
        { "CLIENT KILL ID abc", "(error) ERR client-id should be greater than 0" },
        { "CLIENT KILL ID 999999", "(integer) 0" },
        { "CLIENT KILL TYPE foo", "(error) ERR Unknown client type 'foo'" },
        { "CLIENT KILL SKIPME maybe", "(error) ERR syntax error" },
        { "CLIENT KILL USER nobody", "(error) ERR No such user 'nobody'" },
        { "CLIENT KILL LADDR 1.1.1.1:1 ADDR 2.2.2.2:2", "(integer) 0" },
        { "CLIENT KILL SKIPME no", "(integer) 1" },
        { "SLUICE", "(error) ERR wrong number of arguments for 'sluice' command" },
        { "SLUICE foo", "(error) ERR unknown subcommand 'foo'. Try SLUICE HELP." },
        { "SLUICE HELP", "/Array\\[\"SLUICE <subcommand>.*/" },
        { "SLUICE CLASS", "/Array\\[Array\\[\"class\", \"log\",.*/" },
        { "SLUICE COORDINATOR", "Array[\"coordinator\", \"\", \"term\", (integer) 0]" },
        { "SLUICE COORDINATOR TAKEOVER", "\"OK\"" },
        { "SLUICE COORDINATOR now", "(error) ERR syntax error: 'now' where TAKEOVER was expected. See SLUICE HELP." },
        { "SLUICE SYNC", "(error) ERR wrong number of arguments for 'sluice|sync' command" },
        { "SLUICE PAUSE ALL", "\"OK\"" },
        { "SLUICE RESUME ALL", "\"OK\"" },
        { "COMMAND COUNT", $"(integer) {CommandTable.Commands.Count}" },
        { "COMMAND", "/Array\\[Array\\[\"append\", \\(integer\\) 3,.*/" },
        { "COMMAND foo", "(error) ERR unknown subcommand 'foo'. Try COMMAND HELP." },
        { "COMMAND HELP", "/Array\\[\"COMMAND <subcommand>.*/" },
        { "COMMAND INFO get foo", "Array[Array[\"get\", (integer) 2, Array[\"readonly\", \"fast\"], (integer) 1, (integer) 1, (integer) 1, Array[\"@read\", \"@string\", \"@fast\"], Array[], Array[Array[\"flags\", Array[\"RO\", \"access\"], \"begin_search\", Array[\"type\", \"index\", \"spec\", Array[\"index\", (integer) 1]], \"find_keys\", Array[\"type\", \"range\", \"spec\", Array[\"lastkey\", (integer) 0, \"keystep\", (integer) 1, \"limit\", (integer) 0]]]], Array[]], (nil)]" },
        { "COMMAND INFO config|get", "Array[Array[\"config|get\", (integer) -3, Array[\"admin\", \"noscript\", \"loading\", \"stale\"], (integer) 0, (integer) 0, (integer) 0, Array[\"@admin\", \"@slow\", \"@dangerous\"], Array[], Array[], Array[]]]" },
        { "COMMAND LIST FILTERBY PATTERN g?t", "Array[\"get\"]" },
        { "COMMAND LIST FILTERBY ACLCAT connection", "/Array\\[.*\"auth\".*\\]/" },
        { "COMMAND LIST FILTERBY MODULE none", "Array[]" },
        { "COMMAND LIST FILTERBY foo x", "(error) ERR syntax error" },
        { "COMMAND LIST", "/Array\\[\"append\", .*\"wait\"\\]/" },
        { "COMMAND DOCS nosuch", "Array[]" },
        { "COMMAND DOCS strlen", "Array[\"strlen\", Array[\"summary\", \"Get the length of a value\", \"since\", \"2.2.0\", \"group\", \"string\", \"complexity\", \"O(1)\"]]" },
        { "COMMAND DOCS slaveof", "/Array\\[\"slaveof\", .*\"replaced_by\", \"REPLICAOF\"\\]\\]/" },
        { "CONFIG", "(error) ERR wrong number of arguments for 'config' command" },
        { "CONFIG foo", "(error) ERR unknown subcommand 'foo'. Try CONFIG HELP." },
        { "CONFIG HELP", "/Array\\[\"CONFIG <subcommand>.*/" },
        { "CONFIG GET maxclients tim*", "Array[\"maxclients\", \"10000\", \"timeout\", \"0\"]" },
        { "CONFIG GET nothing", "Array[]" },
        { "CONFIG SET timeout 9 maxclients 50 -> CONFIG GET timeout maxclients", "Array[\"maxclients\", \"50\", \"timeout\", \"9\"]" },
        { "CONFIG SET throttle-bytes-per-second 10mb -> CONFIG GET throttle*", "Array[\"throttle-bytes-per-second\", \"10485760\"]" },
        { "CONFIG SET a", "(error) ERR wrong number of arguments for 'config|set' command" },
        { "CONFIG SET a b c", "(error) ERR wrong number of arguments for 'config|set' command" },
        { "CONFIG SET foo bar", "(error) ERR Unknown option or number of arguments for CONFIG SET - 'foo'" },
        { "CONFIG REWRITE", "(error) ERR The server is running without a config file" },
        { "CONFIG RESETSTAT", "\"OK\"" },
        { "INFO", "/\"# Server\r\nredis_version:.*# Clients\r\n.*# Memory\r\n.*# Persistence\r\n.*# Stats\r\n.*# Replication\r\n.*# CPU\r\n.*# Bandwidth\r\n.*# Keyspace\r\n\"/" },
        { "INFO replication", "/\"# Replication\r\nrole:master\r\nconnected_slaves:0\r\n.*\"/" },
        { "INFO CPU stats", "/\"# Stats\r\n.*# CPU\r\n.*\"/" },
        { "INFO foo", "\"\"" },
        { "ROLE", "Array[\"master\", (integer) 0, Array[]]" },
        { "WAIT 0 0", "(integer) 0" },
        { "WAIT a 1", "(error) ERR value is not an integer or out of range" },
        { "WAIT 1 -1", "(error) ERR timeout is negative" },
        { "WAIT 1 20", "(integer) 0" },
        { "REPLICAOF 127.0.0.1 9221", "\"OK\"" },
        { "REPLICAOF 127.0.0.1 9221 FORCE", "\"OK\"" },
        { "REPLICAOF NO ONE", "\"OK\"" },
        { "REPLICAOF 127.0.0.1 9221 FROM 127.0.0.1 9222", "\"OK\"" },
        { "REPLICAOF 127.0.0.1 9221 FORCE FROM 127.0.0.1 9222", "\"OK\"" },
        { "REPLICAOF 127.0.0.1 9221 FROM 127.0.0.1", "(error) ERR syntax error" },
        { "REPLICAOF 127.0.0.1 9221 FROM 127.0.0.1 0", "(error) ERR Invalid master port" },
        { "FAILOVER", "\"OK\"" },
        { "FAILOVER TO 127.0.0.1 9222 FORCE TIMEOUT 100", "\"OK\"" },
        { "FAILOVER ABORT", "\"OK\"" },
        { "FAILOVER TIMEOUT 0", "(error) ERR FAILOVER timeout must be greater than 0" },
        { "FAILOVER TIMEOUT soon", "(error) ERR FAILOVER timeout must be greater than 0" },
        { "FAILOVER TO 127.0.0.1 port", "(error) ERR value is not an integer or out of range" },
        { "FAILOVER TO 127.0.0.1", "(error) ERR syntax error" },
        { "FAILOVER ABORT now", "(error) ERR syntax error" },
        { "REPLICAOF a b", "(error) ERR Invalid master port" },
        { "REPLICAOF foo 99999", "(error) ERR Invalid master port" },
        { "REPLICAOF foo 1 now", "(error) ERR syntax error" },
        { "SLAVEOF NO ONE", "\"OK\"" },
        { "SHUTDOWN foo", "(error) ERR syntax error" },
        { "SHUTDOWN SAVE NOSAVE", "(error) ERR syntax error" },
        { "SHUTDOWN ABORT", "(error) ERR No shutdown in progress." },
        { "DEBUG SLEEP 0.01", "\"OK\"" },
        { "DEBUG SLEEP a", "(error) ERR value is not a valid float, or not between 0 and 86400" },
        { "DEBUG foo", "(error) ERR unknown subcommand or wrong number of arguments for 'foo'. Try DEBUG HELP." },
        { "DBSIZE", "(integer) 0" },
        { "SET a 1 -> SET b 2 -> DBSIZE", "(integer) 2" },
        { "SET a 1 -> SET b 2 -> FLUSHALL -> DBSIZE", "(integer) 0" },
        { "SET a 1 -> FLUSHDB ASYNC -> DBSIZE", "(integer) 0" },
        { "FLUSHALL foo", "(error) ERR syntax error" },
        { "FLUSHALL ASYNC SYNC", "(error) ERR syntax error" },
        { "KEYS *", "Array[]" },
        { "SET a 1 -> KEYS *", "Array[\"a\"]" },
        { "RANDOMKEY", "(nil)" },
        { "SET a 1 -> RANDOMKEY", "\"a\"" },
        { "SCAN 0", "Array[\"0\", Array[]]" },
        { "SET a 1 -> GET a", "\"1\"" },
        { "GET a b", "(error) ERR wrong number of arguments for 'get' command" },
        { "MSET a 1 b 2 c 3 -> MGET c x a", "Array[\"3\", (nil), \"1\"]" },
        { "MSET a 1 b", "(error) ERR wrong number of arguments for 'mset' command" },
        { "MSET a 1 b 2 -> DEL a b c", "(integer) 2" },
        { "MSET a 1 b 2 -> UNLINK a b c", "(integer) 2" },
        { "MSET a 1 b 2 -> EXISTS a b c a", "(integer) 3" },
        { "MSET a 1 b 2 -> TOUCH a b c", "(integer) 2" },
        { "SET a 1 -> RENAME a b -> GET b", "\"1\"" },
        { "MSET a 1 b 2 -> RENAMENX a b", "(integer) 0" },
        { "APPEND a x -> APPEND a y", "(integer) 2" },
        { "SETEX a 10 v", "\"SETEX 3\"" },
        { "psetex a 10 v", "\"PSETEX 3\"" },
        { "SETNX a v", "\"SETNX 2\"" },
        { "GETSET a v", "\"GETSET 2\"" },
        { "GETDEL a", "\"GETDEL 1\"" },
        { "GETEX a EX 10", "\"GETEX 3\"" },
        { "STRLEN a", "\"STRLEN 1\"" },
        { "INCR a", "\"INCR 1\"" },
        { "INCRBY a 2", "\"INCRBY 2\"" },
        { "INCRBYFLOAT a 2", "\"INCRBYFLOAT 2\"" },
        { "DECR a", "\"DECR 1\"" },
        { "DECRBY a 2", "\"DECRBY 2\"" },
        { "GETRANGE a 0 1", "\"GETRANGE 3\"" },
        { "SETRANGE a 0 x", "\"SETRANGE 3\"" },
        { "TYPE a", "\"TYPE 1\"" },
        { "TTL a", "\"TTL 1\"" },
        { "PTTL a", "\"PTTL 1\"" },
        { "EXPIRE a 1 NX", "\"EXPIRE 3\"" },
        { "PEXPIRE a 1", "\"PEXPIRE 2\"" },
        { "EXPIREAT a 1", "\"EXPIREAT 2\"" },
        { "PEXPIREAT a 1", "\"PEXPIREAT 2\"" },
        { "EXPIRETIME a", "\"EXPIRETIME 1\"" },
        { "PEXPIRETIME a", "\"PEXPIRETIME 1\"" },
        { "PERSIST a", "\"PERSIST 1\"" },
        { "foo a b", "(error) ERR unknown command 'foo', with args beginning with: 'a' 'b' " },
        { "foo", "(error) ERR unknown command 'foo', with args beginning with: " },
        { "\"\"", "(error) ERR unknown command '', with args beginning with: " },
        { "\"f\\no\" \"a\\n\" z", "(error) ERR unknown command 'f o', with args beginning with: 'a ' 'z' " },
        { InternalCommands.Read + " a", "(error) ERR unknown command 'SLUICE.READ', with args beginning with: 'a' " },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task A_command_gets_its_reply(string commands, string reply)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(shards: 16);
        using var client = await gateway.ConnectAsync();
        var all = commands.Split(" -> ");
        foreach (var preparation in all[..^1])
        {
            Assert.False((await client.AskAsync(preparation)).IsError, preparation);
        }

        var got = await client.AskTextAsync(all[^1]);

        if (reply.StartsWith('/'))
        {
            Assert.Matches(new Regex("^" + reply[1..^1] + "$", RegexOptions.Singleline), got);
        }
        else
        {
            Assert.Equal(reply, got);
        }
    }

    [Fact]
    public void Every_command_has_a_test()
    {
        var tested = Rows.Select(row => ((string)row[0]).ToLowerInvariant()).SelectMany(commands => commands.Split(" -> ")).ToList();
        string[] withoutReply = ["shutdown"];
        var all = CommandTable.Commands.SelectMany<CommandInfo, CommandInfo>(command => [command, .. command.Subcommands]);
        foreach (var command in all.Where(command => !withoutReply.Contains(command.Name)))
        {
            var words = command.Name.Replace('|', ' ');
            Assert.Contains(tested, text => text == words || text.StartsWith(words + " ", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_command_is_described()
    {
        foreach (var command in CommandTable.Commands.SelectMany<CommandInfo, CommandInfo>(command => [command, .. command.Subcommands]))
        {
            Assert.False(string.IsNullOrWhiteSpace(command.Summary), command.Name);
            Assert.Matches(@"^\d+\.\d+\.\d+$", command.Since);
            Assert.Contains(command.Group, new[] { "string", "generic", "connection", "server" });
            Assert.Equal(command.Name.ToLowerInvariant(), command.Name);
        }
    }

    [Fact]
    public void The_gateway_and_the_shards_agree_on_the_commands_of_keys()
    {
        foreach (var command in CommandTable.Commands.Where(command => command.FirstKey > 0))
        {
            var own = ShardCommandTable.Find(command.WireName);
            Assert.True(own is not null, $"shards don't know {command.Name}");
            Assert.Equal((command.Name, own.Arity, own.FirstKey, own.LastKey, own.KeyStep), (command.Name, command.Arity, command.FirstKey, command.LastKey, command.Step));
            Assert.Equal(own.Flags.HasFlag(ShardCommandFlags.Write), command.Flags.HasFlag(CommandFlags.Write));
        }
    }
}
