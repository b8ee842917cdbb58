namespace Sluice.Tests.Resp;

/// <summary>Tests that measure the process's memory: nothing else may run beside them.</summary>
[CollectionDefinition(nameof(AloneInTheProcess), DisableParallelization = true)]
public class AloneInTheProcess;

/// <summary>What peers of bad will can make the gateway hold in memory.</summary>
[Collection(nameof(AloneInTheProcess))]
public class GatewayMemoryTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Huge_claims_cost_no_memory()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        var clients = new List<RespClient>();
        try
        {
            var before = GC.GetTotalMemory(forceFullCollection: true);
            for (var i = 0; i < 200; i++)
            {
                var client = await gateway.ConnectAsync();
                clients.Add(client);
                await client.SendAsync("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$536870912\r\nsome bytes"u8.ToArray());
            }

            await Cluster.Eventually.IsTrueAsync("all claims to be read", Bound, () => Task.FromResult(gateway.Clients.All.Count(client => client.PendingBytes > 0) == 200));
            var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
            Assert.InRange(grown, long.MinValue, 32L << 20);
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task A_client_that_never_reads_is_no_longer_read_and_holds_little()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var good = await gateway.ConnectAsync();
        await good.SendAsync(RespClient.Encode("SET"u8.ToArray(), "a"u8.ToArray(), new byte[256 * 1024]));
        await good.ReadAsync();
        using var deaf = await gateway.ConnectAsync();
        deaf.Socket.ReceiveBufferSize = 64 * 1024;
        var before = GC.GetTotalMemory(forceFullCollection: true);

        // 20,000 GETs ask for 5 GB. The sockets' buffers take a few megabytes of replies; then nobody reads any more, and sending stops, too.
        var request = Enumerable.Repeat(RespClient.Encode("GET a"), 1000).SelectMany(bytes => bytes).ToArray();
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                await deaf.Socket.SendAsync(request);
            }
        });
        await Cluster.Eventually.IsTrueAsync("the first GET to be executed", Bound, () => Task.FromResult(gateway.Router.Batches.Count > 1));

        Assert.Equal("PONG", (await good.AskAsync("PING")).Text);
        var executed = gateway.Router.Batches.Sum(call => call.Batch.Commands.Length);
        Assert.InRange(executed, 1, 500);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 64L << 20);
        var id = gateway.Clients.All.Max(client => client.Id);
        Assert.Equal("(integer) 1", await good.AskTextAsync($"CLIENT KILL ID {id}"));
        await Cluster.Eventually.IsTrueAsync("the deaf client to be gone", Bound, () => Task.FromResult(gateway.Clients.Count == 1));
        await sending.ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(Bound);
    }
}
