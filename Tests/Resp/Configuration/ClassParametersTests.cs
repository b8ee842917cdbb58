using Sluice.Bandwidth;
using Sluice.Configuration;

namespace Sluice.Tests.Resp.Configuration;

/// <summary>The class table as parameters of CONFIG.</summary>
public sealed class ClassParametersTests : IAsyncLifetime
{
    private const string Wanted = "argument must be 'reservation <size> limit <size> weight <n>', or some of it: sizes in bytes per second between 0 (none) and 1099511627776, the weight between 1 and 1000";
    private readonly string directory = Directory.CreateTempSubdirectory("sluice-").FullName;
    private GatewayUnderTest gateway = null!;
    private RespClient client = null!;

    public async Task InitializeAsync()
    {
        gateway = await GatewayUnderTest.StartAsync(configuration: new LiveConfiguration(Path.Combine(directory, "sluice.conf")), time: new ManualTimeProvider());
        client = await gateway.ConnectAsync();
    }

    public async Task DisposeAsync()
    {
        client.Dispose();
        await gateway.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Each_class_is_a_parameter_that_is_read_and_set()
    {
        Assert.Equal(
            "Array[\"sync-class-log\", \"reservation 1048576 limit 0 weight 32\", \"sync-class-urgent\", \"reservation 0 limit 0 weight 16\", \"sync-class-normal\", \"reservation 0 limit 0 weight 4\", \"sync-class-background\", \"reservation 0 limit 0 weight 1\"]",
            await client.AskTextAsync("CONFIG GET sync-class-*"));
        Assert.Equal("\"OK\"", await client.AskTextAsync("config set SYNC-CLASS-URGENT \"Weight 20  reservation 2mb limit 10mb\""));
        Assert.Equal(new QosClassTerms(QosClass.Urgent, 2 << 20, 10 << 20, 20), Assert.Single(Policy.Classes));

        // What is not named stays; and several at once, with a parameter of the node.
        Assert.Equal("\"OK\"", await client.AskTextAsync("CONFIG SET sync-class-urgent \"limit 0\" sync-headroom-percent 5 sync-class-background \"weight 2\""));
        Assert.Equal<QosClassTerms>([new(QosClass.Background, 0, 0, 2), new(QosClass.Urgent, 2 << 20, 0, 20)], Policy.Classes);
        Assert.Equal(5, gateway.Configuration.SyncHeadroomPercent);
        Assert.Equal("Array[\"sync-class-urgent\", \"reservation 2097152 limit 0 weight 20\"]", await client.AskTextAsync("CONFIG GET sync-class-urgent"));
        Assert.Contains("\"sync-class-background\", \"reservation 0 limit 0 weight 2\"", await client.AskTextAsync("CONFIG GET *"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CONFIG SET sync-class-log fast", "sync-class-log", Wanted)]
    [InlineData("CONFIG SET sync-class-log \"\"", "sync-class-log", Wanted)]
    [InlineData("CONFIG SET sync-class-log \"weight 1 weight 2\"", "sync-class-log", Wanted)]
    [InlineData("CONFIG SET sync-class-log \"weight -1\"", "sync-class-log", Wanted)]
    [InlineData("CONFIG SET sync-class-log \"limit x\"", "sync-class-log", Wanted)]
    [InlineData("CONFIG SET sync-class-normal \"weight 1001\"", "sync-class-normal", "The weight of class 'normal' must be between 1 and 1000, not 1001.")]
    [InlineData("CONFIG SET sync-class-normal \"limit 2000gb\"", "sync-class-normal", "The limit of class 'normal' must be between 0 (none) and 1099511627776 bytes per second, not 2147483648000.")]
    [InlineData("CONFIG SET sync-class-log \"limit 1kb\"", "sync-class-log", "Class 'log' cannot reserve 1048576 bytes per second and be limited to 1024: the reservation must not be above the limit.")]
    [InlineData("CONFIG SET sync-class-log \"weight 2\" SYNC-CLASS-LOG \"weight 3\"", "sync-class-log", "duplicate parameter")]
    [InlineData("CONFIG SET sync-class-log \"weight 2\" maxclients 0", "maxclients", "argument must be between 1 and 65000 inclusive")]
    [InlineData("CONFIG SET sync-class-log \"weight 2\" sync-class-normal \"weight 0\"", "sync-class-normal", "The weight of class 'normal' must be between 1 and 1000, not 0.")]
    [InlineData("CONFIG SET maxclients 20 sync-class-log \"weight 0\"", "sync-class-log", "The weight of class 'log' must be between 1 and 1000, not 0.")]
    public async Task A_bad_value_is_refused_with_the_range_and_nothing_changes(string command, string parameter, string sentence)
    {
        Assert.Equal($"(error) ERR CONFIG SET failed (possibly related to argument '{parameter}') - {sentence}", await client.AskTextAsync(command));
        Assert.Empty(Policy.Classes);
        Assert.Equal(10000, gateway.Configuration.MaxClients);
    }

    [Fact]
    public async Task The_class_table_is_in_no_nodes_file()
    {
        Assert.Equal("\"OK\"", await client.AskTextAsync("CONFIG SET sync-class-log \"weight 2\" maxclients 20"));
        Assert.Equal("\"OK\"", await client.AskTextAsync("CONFIG REWRITE"));
        var file = gateway.Configuration.Path!;
        Assert.DoesNotContain("sync-class", await File.ReadAllTextAsync(file), StringComparison.Ordinal);

        await File.AppendAllTextAsync(file, "sync-class-log \"weight 3\"\n");
        var refusal = Assert.Throws<OrderRefusedException>(() => LiveConfiguration.Load(file));
        Assert.EndsWith("sync-class-log is the whole cluster's and kept with its policy, not by a node: CONFIG SET it once on any node that runs.", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_broker_the_table_is_shown_as_the_node_last_heard_of_it_and_cannot_be_changed()
    {
        var broker = gateway.Node.BrokerGrain;
        await client.AskTextAsync("CONFIG SET sync-class-log \"weight 2\"");
        broker.Failure = new TimeoutException("No answer.");

        Assert.Equal("Array[\"sync-class-log\", \"reservation 1048576 limit 0 weight 2\"]", await client.AskTextAsync("CONFIG GET sync-class-log"));
        Assert.Equal("(error) ERR CONFIG SET failed (possibly related to argument 'sync-class-log') - the bandwidth broker cannot be reached: No answer.", await client.AskTextAsync("CONFIG SET sync-class-log \"weight 3\" maxclients 20"));
        Assert.Equal(10000, gateway.Configuration.MaxClients);
    }

    private BandwidthPolicy Policy => gateway.Node.BrokerGrain.Status.Policy;
}
