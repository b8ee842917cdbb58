using System.Net.Sockets;
using System.Text;
using Sluice.Configuration;
using Sluice.Resp;

namespace Sluice.Tests.Resp;

/// <summary>Peers that send nonsense, claim huge lengths, are slow, never read, or come in thousands: each over real sockets.</summary>
public class NonsenseTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Commands_before_nonsense_are_answered_then_the_connection_is_closed()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("PING\r\n*1\r\n%3\r\nabc\r\nPING\r\n"u8.ToArray());
        Assert.Equal("+PONG\r\n-ERR Protocol error: expected '$', got '%'\r\n", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Garbage_harms_nobody_else()
    {
        const int Seed = 31337;
        var random = new Random(Seed);
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var good = await gateway.ConnectAsync();
        for (var i = 0; i < 200; i++)
        {
            using var bad = await gateway.ConnectAsync();
            var bytes = new byte[random.Next(1, 5000)];
            random.NextBytes(bytes);
            await bad.SendAsync(bytes);
            bad.Socket.Shutdown(SocketShutdown.Send);
            await bad.ReadToEndAsync();
            Assert.True((await good.AskAsync("PING")).Text == "PONG", $"seed {Seed}, round {i}");
        }
    }

    [Fact]
    public async Task A_browser_that_was_sent_here_is_closed_without_executing_anything()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET a hacked\r\n"u8.ToArray());
        Assert.Equal("", await client.ReadToEndAsync());
        Assert.Empty(gateway.Router.Batches);
    }

    [Fact]
    public async Task Clients_that_send_a_byte_at_a_time_do_not_keep_others_waiting()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        var slow = new List<RespClient>();
        try
        {
            for (var i = 0; i < 100; i++)
            {
                slow.Add(await gateway.ConnectAsync());
            }

            var bytes = RespClient.Encode("SET slow loris");
            using var good = await gateway.ConnectAsync();
            foreach (var one in bytes)
            {
                await Task.WhenAll(slow.Select(client => client.SendAsync(new[] { one })));
                Assert.Equal("PONG", (await good.AskAsync("PING")).Text);
            }

            foreach (var client in slow)
            {
                Assert.Equal("OK", (await client.ReadAsync()).Text);
            }
        }
        finally
        {
            slow.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task More_clients_than_maxclients_are_told_so()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(configuration: new LiveConfiguration(startup: [new("maxclients", "3")]));
        var clients = new List<RespClient>();
        for (var i = 0; i < 3; i++)
        {
            clients.Add(await gateway.ConnectAsync());
            Assert.Equal("PONG", (await clients[i].AskAsync("PING")).Text);
        }

        using (var excess = await gateway.ConnectAsync())
        {
            Assert.Equal("-ERR max number of clients reached\r\n", await excess.ReadToEndAsync());
        }

        Assert.Equal("\"OK\"", await clients[0].AskTextAsync("CONFIG SET maxclients 4"));
        using var fourth = await gateway.ConnectAsync();
        Assert.Equal("PONG", (await fourth.AskAsync("PING")).Text);
        clients.ForEach(client => client.Dispose());
        await Cluster.Eventually.IsTrueAsync("three to be gone", Bound, () => Task.FromResult(gateway.Clients.Count == 1));
    }

    [Fact]
    public async Task Thousands_of_connections_are_served()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        var clients = new List<RespClient>();
        try
        {
            for (var i = 0; i < 2000; i++)
            {
                clients.Add(await gateway.ConnectAsync());
            }

            await Task.WhenAll(clients.Select(client => client.SendAsync(RespClient.Encode("ECHO hello"))));
            foreach (var client in clients)
            {
                Assert.Equal("hello", (await client.ReadAsync()).Text);
            }

            Assert.Equal(2000, gateway.Clients.Count);
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }

        await Cluster.Eventually.IsTrueAsync("all to be gone", Bound, () => Task.FromResult(gateway.Clients.Count == 0));
    }

    [Fact]
    public async Task A_client_that_closed_its_half_gets_the_replies_to_what_it_had_sent()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(RespClient.Encode("SET a 1").Concat(RespClient.Encode("GET a")).Concat("*2\r\n$3\r\nGE"u8.ToArray()).ToArray());
        client.Socket.Shutdown(SocketShutdown.Send);
        Assert.Equal("+OK\r\n$1\r\n1\r\n", await client.ReadToEndAsync());
        await Cluster.Eventually.IsTrueAsync("the client to be gone", Bound, () => Task.FromResult(gateway.Clients.Count == 0));
    }

    [Fact]
    public async Task A_client_that_goes_away_in_the_middle_of_a_command_leaves_nothing()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        for (var i = 0; i < 50; i++)
        {
            using var client = await gateway.ConnectAsync();
            client.Socket.LingerState = new LingerOption(true, 0);
            await client.SendAsync(Encoding.ASCII.GetBytes("*2\r\n$3\r\nGET\r\n$10\r\nabc"));
        }

        await Cluster.Eventually.IsTrueAsync("all to be gone", Bound, () => Task.FromResult(gateway.Clients.Count == 0));
        Assert.Empty(gateway.Router.Batches);
    }

    [Fact]
    public async Task An_idle_client_is_closed_after_timeout_and_not_before()
    {
        var time = new ManualTimeProvider();
        await using var gateway = await GatewayUnderTest.StartAsync(time: time);
        using var client = await gateway.ConnectAsync();
        await client.AskAsync("PING");
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("PONG", (await client.AskAsync("PING")).Text);

        await client.AskAsync("CONFIG SET timeout 5");
        time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal("PONG", (await client.AskAsync("PING")).Text);
        var closed = client.ReadToEndAsync();
        await Cluster.Eventually.IsTrueAsync("the idle client to be gone", Bound, () =>
        {
            time.Advance(TimeSpan.FromSeconds(3));
            return Task.FromResult(gateway.Clients.Count == 0);
        });
        Assert.Equal("", await closed);
    }

    [Fact]
    public async Task A_node_that_stops_does_not_wait_for_idle_clients()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        var clients = new List<RespClient>();
        for (var i = 0; i < 20; i++)
        {
            clients.Add(await gateway.ConnectAsync());
            await clients[i].AskAsync("PING");
        }

        // One of them waits for an answer.
        await clients[0].SendAsync(RespClient.Encode("WAIT 5 0"));
        await Cluster.Eventually.IsTrueAsync("WAIT to begin", Bound, () => Task.FromResult(gateway.Clients.All[0].LastCommand == "wait"));
        await gateway.StopAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(10));
        foreach (var client in clients)
        {
            Assert.Equal("", await client.ReadToEndAsync());
            client.Dispose();
        }
    }

    [Fact]
    public async Task A_waiting_command_ends_when_its_client_goes()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using (var client = await gateway.ConnectAsync())
        {
            await client.SendAsync(RespClient.Encode("DEBUG SLEEP 86400"));
            using var other = await gateway.ConnectAsync();
            await Cluster.Eventually.IsTrueAsync("the sleep to begin", Bound, () => Task.FromResult(gateway.Clients.All[0].LastCommand == "debug"));
            Assert.Equal("PONG", (await other.AskAsync("PING")).Text);
        }

        await Cluster.Eventually.IsTrueAsync("both to be gone", Bound, () => Task.FromResult(gateway.Clients.Count == 0));
    }

    [Fact]
    public async Task The_longest_value_is_what_proto_max_bulk_len_says()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var client = await gateway.ConnectAsync();
        await client.AskAsync("CONFIG SET proto-max-bulk-len 1mb");
        await client.SendAsync(RespClient.Encode("SET"u8.ToArray(), "a"u8.ToArray(), new byte[1 << 20]));
        Assert.Equal("OK", (await client.ReadAsync()).Text);
        await client.SendAsync(Encoding.ASCII.GetBytes($"*3\r\n$3\r\nSET\r\n$1\r\na\r\n${(1 << 20) + 1}\r\n"));
        Assert.Equal("-ERR Protocol error: invalid bulk length\r\n", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task A_stranger_who_claims_much_is_refused()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(configuration: new LiveConfiguration(startup: [new("requirepass", "secret")]));
        using var many = await gateway.ConnectAsync();
        await many.SendAsync("*11\r\n"u8.ToArray());
        Assert.Equal("-ERR Protocol error: unauthenticated multibulk length\r\n", await many.ReadToEndAsync());
        using var large = await gateway.ConnectAsync();
        await large.SendAsync("*2\r\n$4\r\nAUTH\r\n$16385\r\n"u8.ToArray());
        Assert.Equal("-ERR Protocol error: unauthenticated bulk length\r\n", await large.ReadToEndAsync());
    }
}
