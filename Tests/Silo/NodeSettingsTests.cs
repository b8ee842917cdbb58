using System.Net;
using System.Net.Sockets;
using Sluice.Silo.Configuration;

namespace Sluice.Tests.Silo;

public sealed class NodeSettingsTests
{
    [Fact]
    public void The_command_line_wins_over_the_environment_over_the_file_over_the_default()
    {
        var settings = NodeSettings.Resolve(
            Given(("port", "7001")),
            variable => variable switch { "SLUICE_PORT" => "7002", "SLUICE_REPLICATION_PORT" => "7003", _ => null },
            ("n.conf", ["# ports", "port 7004", "replication-port 7005", "silo-port 7006", ""]));

        Assert.Equal((7001, 7003, 7006, 30000), (settings.Port, settings.ReplicationPort, settings.SiloPort, settings.GatewayPort));
    }

    [Theory]
    [InlineData("port", "abc", "--port 'abc': must be a whole number from 1 to 65535.")]
    [InlineData("port", "70000", "--port '70000': must be a whole number from 1 to 65535.")]
    [InlineData("shards", "0", "--shards '0': must be a whole number from 1 to 16384.")]
    [InlineData("name", "a@b", "--name 'a@b': must be 1 to 64 letters, digits, '-', '_' or '.'.")]
    [InlineData("host", "nowhere", "--host 'nowhere': must be an IP address, for example 192.168.1.10.")]
    [InlineData("seeds", "127.0.0.1", "--seeds '127.0.0.1': must be silo endpoints ip:port, separated by commas ('127.0.0.1' is none).")]
    [InlineData("data", "", "--data '': must not be empty.")]
    [InlineData("cluster-id", "", "--cluster-id '': must not be empty.")]
    [InlineData("bind", "x", "--bind 'x': must be an IP address, for example 192.168.1.10.")]
    [InlineData("replication-port", "-1", "--replication-port '-1': must be a whole number from 1 to 65535.")]
    [InlineData("silo-port", "", "--silo-port '': must be a whole number from 1 to 65535.")]
    [InlineData("gateway-port", "1.5", "--gateway-port '1.5': must be a whole number from 1 to 65535.")]
    [InlineData("log-level", "loud", "--log-level 'loud': must be Trace, Debug, Information, Warning or Error.")]
    public void A_bad_value_is_refused_in_one_sentence_that_names_it_and_what_is_allowed(string name, string value, string message) =>
        Assert.Equal(message, Refused(Given((name, value))).Message);

    [Fact]
    public void Every_setting_has_a_test_of_a_bad_value()
    {
        var tested = typeof(NodeSettingsTests).GetMethod(nameof(A_bad_value_is_refused_in_one_sentence_that_names_it_and_what_is_allowed))!
            .GetCustomAttributesData().Where(data => data.AttributeType == typeof(InlineDataAttribute))
            .Select(data => (string)((IReadOnlyCollection<System.Reflection.CustomAttributeTypedArgument>)data.ConstructorArguments[0].Value!).First().Value!)
            .Append("secret-file");
        Assert.Empty(NodeSetting.All.Select(setting => setting.Name).Except(tested));
    }

    [Fact]
    public void Two_ports_that_are_the_same_are_refused() =>
        Assert.Equal("--gateway-port 9221 is taken by --port already: each needs a port of its own.", Refused(Given(("gateway-port", "9221"))).Message);

    [Fact]
    public void Seeds_that_do_not_name_the_node_itself_are_refused() =>
        Assert.Contains("does not name this node's own silo endpoint 127.0.0.1:11111", Refused(Given(("seeds", "127.0.0.1:1"))).Message, StringComparison.Ordinal);

    [Fact]
    public void Listening_beyond_loopback_needs_a_secret()
    {
        Assert.Contains("--secret-file", Refused(Given(("bind", "0.0.0.0"))).Message, StringComparison.Ordinal);

        var file = Path.GetTempFileName();
        File.WriteAllText(file, "correct horse battery\n");
        var settings = NodeSettings.Resolve(Given(("bind", "0.0.0.0"), ("secret-file", file)), _ => null, null);
        File.Delete(file);
        Assert.Equal(("correct horse battery", IPAddress.Any), (settings.Secret, settings.Listen));
    }

    [Fact]
    public void A_secret_file_that_is_missing_or_too_short_is_refused()
    {
        Assert.Contains("must name a readable file", Refused(Given(("secret-file", "/nowhere"))).Message, StringComparison.Ordinal);
        Assert.Contains("at least 8 characters", Refused(Given(("secret-file", "/dev/null"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_setting_in_the_file_is_refused_with_its_line()
    {
        var error = Assert.Throws<SettingException>(() => NodeSettings.Resolve(Given(), _ => null, ("n.conf", ["port 1", "prot 2"])));
        Assert.StartsWith("n.conf:2: there is no setting 'prot'.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_on_which_another_process_listens_is_refused_before_anything_is_started()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var error = Assert.Throws<SettingException>(() => PortCheck.Run(new NodeSettings { Port = port }));

        Assert.Equal($"--port {port}: another process listens at 127.0.0.1:{port} already; choose another port.", error.Message);
    }

    [Fact]
    public void An_address_that_is_not_this_machines_is_refused() =>
        Assert.Contains("correct --bind or --host", Assert.Throws<SettingException>(() => PortCheck.Run(new NodeSettings { Bind = IPAddress.Parse("192.0.2.1") })).Message, StringComparison.Ordinal);

    private static Dictionary<string, string> Given(params (string Name, string Value)[] options) => options.ToDictionary(o => o.Name, o => o.Value, StringComparer.Ordinal);

    private static SettingException Refused(Dictionary<string, string> options) => Assert.Throws<SettingException>(() => NodeSettings.Resolve(options, _ => null, null));
}
