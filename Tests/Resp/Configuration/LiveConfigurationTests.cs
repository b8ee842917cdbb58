using Sluice.Configuration;

namespace Sluice.Tests.Resp.Configuration;

/// <summary>Parameters: their values, ranges, persistence.</summary>
public sealed class LiveConfigurationTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("sluice-configuration").FullName;

    private string File => Path.Combine(directory, "sluice.conf");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData("0", 0)]
    [InlineData("123", 123)]
    [InlineData("123b", 123)]
    [InlineData("1k", 1000)]
    [InlineData("1kb", 1024)]
    [InlineData("1m", 1_000_000)]
    [InlineData("10mb", 10 * 1024 * 1024)]
    [InlineData("10MB", 10 * 1024 * 1024)]
    [InlineData("1g", 1_000_000_000)]
    [InlineData("2Gb", 2L * 1024 * 1024 * 1024)]
    public void Sizes_are_read_as_Redis_reads_them(string text, long bytes)
    {
        Assert.True(MemorySize.TryParse(text, out var value));
        Assert.Equal(bytes, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("mb")]
    [InlineData("-1")]
    [InlineData("1.5mb")]
    [InlineData("1 mb")]
    [InlineData("1tb")]
    [InlineData("1kbb")]
    [InlineData("99999999999gb")]
    public void What_is_no_size_is_refused(string text) => Assert.False(MemorySize.TryParse(text, out _));

    [Theory]
    [InlineData(512, "512B")]
    [InlineData(1536, "1.50K")]
    [InlineData(3 << 20, "3.00M")]
    [InlineData(9L << 28, "2.25G")]
    public void Sizes_are_shown_as_Redis_shows_them(long bytes, string text) => Assert.Equal(text, MemorySize.ToHuman(bytes));

    [Theory]
    [InlineData("foo", "1", "Unknown option or number of arguments for CONFIG SET - 'foo'")]
    [InlineData("maxclients", "0", "CONFIG SET failed (possibly related to argument 'maxclients') - argument must be between 1 and 65000 inclusive")]
    [InlineData("maxclients", "abc", "CONFIG SET failed (possibly related to argument 'maxclients') - argument couldn't be parsed into an integer")]
    [InlineData("timeout", "-1", "CONFIG SET failed (possibly related to argument 'timeout') - argument must be between 0 and 2147483647 inclusive")]
    [InlineData("throttle-bytes-per-second", "fast", "CONFIG SET failed (possibly related to argument 'throttle-bytes-per-second') - argument must be a memory value between 0 and 1099511627776 inclusive")]
    [InlineData("throttle-bytes-per-second", "-1", "CONFIG SET failed (possibly related to argument 'throttle-bytes-per-second') - argument must be a memory value between 0 and 1099511627776 inclusive")]
    [InlineData("sync-egress-bytes-per-second", "2000gb", "CONFIG SET failed (possibly related to argument 'sync-egress-bytes-per-second') - argument must be between 0 and 1099511627776 inclusive")]
    [InlineData("sync-floor-bytes-per-second", "1", "CONFIG SET failed (possibly related to argument 'sync-floor-bytes-per-second') - argument must be between 1024 and 1099511627776 inclusive")]
    [InlineData("sync-headroom-percent", "91", "CONFIG SET failed (possibly related to argument 'sync-headroom-percent') - argument must be between 0 and 90 inclusive, or auto")]
    [InlineData("sync-headroom-percent", "-1", "CONFIG SET failed (possibly related to argument 'sync-headroom-percent') - argument must be between 0 and 90 inclusive, or auto")]
    [InlineData("sync-headroom-percent", "some", "CONFIG SET failed (possibly related to argument 'sync-headroom-percent') - argument couldn't be parsed into an integer between 0 and 90 inclusive, or auto")]
    [InlineData("target-queue-delay-ms", "0", "CONFIG SET failed (possibly related to argument 'target-queue-delay-ms') - argument must be between 1 and 1000 inclusive")]
    [InlineData("max-concurrent-syncs", "x", "CONFIG SET failed (possibly related to argument 'max-concurrent-syncs') - argument couldn't be parsed into an integer between 1 and 1024 inclusive")]
    [InlineData("rsync-timeout-ms", "5", "CONFIG SET failed (possibly related to argument 'rsync-timeout-ms') - argument must be between 10 and 3600000 inclusive")]
    [InlineData("alert-webhook", "alerts", "CONFIG SET failed (possibly related to argument 'alert-webhook') - argument must be empty or an absolute http or https URL, for example https://alerts.example.com/sluice")]
    [InlineData("link-capacity", "eth0 1gbit eth0 2gbit", "CONFIG SET failed (possibly related to argument 'link-capacity') - argument names the egress of 'eth0' twice")]
    [InlineData("appendfsync", "foo", "CONFIG SET failed (possibly related to argument 'appendfsync') - argument(s) must be one of the following: everysec, always, no")]
    [InlineData("databases", "2", "CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config")]
    public void A_bad_value_is_refused_in_the_words_of_Redis(string name, string value, string message)
    {
        var configuration = new LiveConfiguration();
        Assert.Equal(message, Assert.Throws<OrderRefusedException>(() => configuration.Set([new(name, value)])).Message);
    }

    [Fact]
    public void The_headroom_is_automatic_until_a_number_is_set_and_again_when_that_is_ordered()
    {
        var configuration = new LiveConfiguration();
        Assert.Equal(NodeBandwidthReport.AutoHeadroom, configuration.SyncHeadroomPercent);
        Assert.Equal("auto", Assert.Single(configuration.Get("sync-headroom-percent")).Value);
        configuration.Set([new("sync-headroom-percent", "20")]);
        Assert.Equal(20, configuration.SyncHeadroomPercent);
        configuration.Set([new("sync-headroom-percent", "AUTO")]);
        Assert.Equal((NodeBandwidthReport.AutoHeadroom, "auto"), (configuration.SyncHeadroomPercent, configuration.Text(ConfigurationParameters.SyncHeadroom)));
    }

    [Fact]
    public void A_parameter_with_two_names_has_one_value()
    {
        var configuration = new LiveConfiguration(File);
        configuration.Set([new("max-rsync-parallel-num", "5")]);
        Assert.Equal(5, configuration.MaxConcurrentSyncs);
        Assert.Equal([("max-concurrent-syncs", "5"), ("max-rsync-parallel-num", "5")], configuration.Get("max-concurrent-syncs", "max-rsync*").Select(pair => (pair.Key, pair.Value)));
        Assert.Contains("duplicate parameter", Assert.Throws<OrderRefusedException>(() => configuration.Set([new("max-rsync-parallel-num", "6"), new("max-concurrent-syncs", "7")])).Message, StringComparison.Ordinal);
        configuration.Rewrite();
        Assert.Equal(5, new LiveConfiguration(File).MaxConcurrentSyncs);
        Assert.Equal(3, new LiveConfiguration(null, [new("max-rsync-parallel-num", "3")]).MaxConcurrentSyncs);
    }

    [Fact]
    public void Several_are_set_all_or_none()
    {
        var configuration = new LiveConfiguration();
        var changed = new List<string>();
        configuration.Changed += changed.Add;

        Assert.Throws<OrderRefusedException>(() => configuration.Set([new("maxclients", "5"), new("timeout", "x")]));
        Assert.Throws<OrderRefusedException>(() => configuration.Set([new("maxclients", "5"), new("MAXCLIENTS", "6")]));
        Assert.Equal(10000, configuration.MaxClients);
        Assert.Empty(changed);

        configuration.Set([new("MaxClients", "5"), new("timeout", "7"), new("appendfsync", "ALWAYS"), new("rsync-timeout-ms", "1000")]);
        Assert.Equal(5, configuration.MaxClients);
        Assert.Equal(TimeSpan.FromSeconds(7), configuration.ClientTimeout);
        Assert.Equal(["maxclients", "timeout", "appendfsync"], changed);
    }

    [Fact]
    public void Patterns_find_each_parameter_once()
    {
        var found = new LiveConfiguration().Get("max*", "MAXCLIENTS", "nothing");
        Assert.Equal(found.Select(pair => pair.Key).Distinct(), found.Select(pair => pair.Key));
        Assert.Contains(KeyValuePair.Create("maxclients", "10000"), found);
        Assert.Empty(new LiveConfiguration().Get("nothing"));
    }

    [Fact]
    public void What_was_set_survives_a_restart_after_a_rewrite()
    {
        var configuration = LiveConfiguration.Load(File);
        configuration.Set([new("requirepass", "a \"b\" \\ ü"), new("throttle-bytes-per-second", "20mb"), new("masterauth", "")]);
        configuration.Rewrite();

        var again = LiveConfiguration.Load(File);
        Assert.Equal("a \"b\" \\ ü", again.RequirePass);
        Assert.Equal(20 * 1024 * 1024, again.ThrottleBytesPerSecond);
        Assert.Equal(10000, again.MaxClients);
        again.Set([new("maxclients", "77")]);
        again.Rewrite();

        var third = LiveConfiguration.Load(File, [new("throttle-bytes-per-second", "1kb"), new("port", "1234")]);
        Assert.Equal(77, third.MaxClients);
        Assert.Equal("a \"b\" \\ ü", third.RequirePass);
        Assert.Equal(1024, third.ThrottleBytesPerSecond);
        Assert.Equal("1234", third.Port);
        Assert.Equal(["sluice.conf"], Directory.GetFiles(directory).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("maxclients 5 6", "line 2: expected a parameter's name and its value, got 'maxclients 5 6'.")]
    [InlineData("maxclients \"5", "line 2: expected a parameter's name and its value, got 'maxclients \"5'.")]
    [InlineData("nothing 5", "line 2: there is no parameter 'nothing'; CONFIG GET * on a running node lists them.")]
    [InlineData("timeout x", "line 2: timeout can't be 'x': argument couldn't be parsed into an integer.")]
    public void A_mistake_in_the_file_is_named_with_its_line(string line, string message)
    {
        System.IO.File.WriteAllText(File, "# a comment\n" + line + "\n");
        Assert.Equal($"{File}, {message}", Assert.Throws<OrderRefusedException>(() => LiveConfiguration.Load(File)).Message);
    }

    [Fact]
    public void Without_a_file_a_rewrite_is_refused() =>
        Assert.Equal("The server is running without a config file", Assert.Throws<OrderRefusedException>(() => new LiveConfiguration().Rewrite()).Message);

    [Fact]
    public void Every_parameter_has_a_default_that_it_accepts_itself()
    {
        foreach (var parameter in ConfigurationParameters.All)
        {
            Assert.Null(parameter.TryParse(parameter.Default, out var formatted, out _));
            Assert.Equal(parameter.Default, formatted);
            Assert.NotEmpty(parameter.Summary);
        }

        Assert.Equal(ConfigurationParameters.All.Count, ConfigurationParameters.All.Select(parameter => parameter.Name).Distinct().Count());
    }
}
