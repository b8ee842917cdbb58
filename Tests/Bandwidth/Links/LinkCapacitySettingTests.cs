using Sluice.Bandwidth;

namespace Sluice.Tests.Bandwidth.Links;

public sealed class LinkCapacitySettingTests
{
    [Theory]
    [InlineData("auto", "eth0", 0, 0)]
    [InlineData("eth0 1gbit", "eth0", 125_000_000, 125_000_000)]
    [InlineData("eth0 egress 1gbit ingress 500mbit", "eth0", 125_000_000, 62_500_000)]
    [InlineData("eth0 ingress 500mbit", "eth0", 0, 62_500_000)]
    [InlineData("eth0 egress 1gbit, eth1 2.5gbit", "eth1", 312_500_000, 312_500_000)]
    [InlineData("* 100mbyte eth0 auto", "eth1", 100_000_000, 100_000_000)]
    [InlineData("* 100mbyte eth0 auto", "eth0", 0, 0)]
    [InlineData("* 100mbyte eth0 egress 8kbit", "eth0", 1_000, 100_000_000)]
    [InlineData("eth0 8000gbit", "eth0", 1_000_000_000_000, 1_000_000_000_000)]
    [InlineData("eth0 1000byte", "eth1", 0, 0)]
    public void Capacities_are_read_in_bits_or_bytes(string text, string name, long egress, long ingress)
    {
        Assert.Null(LinkCapacitySetting.TryParse(text, out var setting));

        Assert.Equal((egress, ingress), (setting.BytesPerSecond(name, LinkDirection.Egress), setting.BytesPerSecond(name, LinkDirection.Ingress)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1gbit")]
    [InlineData("egress 1gbit")]
    [InlineData("eth0")]
    [InlineData("eth0 egress")]
    [InlineData("eth0 egress 1gbit ingress")]
    [InlineData("eth0 1000000")]
    [InlineData("eth0 1gb")]
    [InlineData("eth0 1Gbit")]
    [InlineData("eth0 -1gbit")]
    [InlineData("eth0 7kbit")]
    [InlineData("eth0 8001gbit")]
    [InlineData("eth0 99999999999999999999gbit")]
    [InlineData("auto eth0 1gbit")]
    public void A_bad_value_is_refused_and_what_is_allowed_is_named(string text)
    {
        var error = LinkCapacitySetting.TryParse(text, out _);

        Assert.Contains("auto", error, StringComparison.Ordinal);
        Assert.Contains("eth0 egress 1gbit ingress 500mbit", error, StringComparison.Ordinal);
        Assert.Contains("from 8kbit to 8000gbit", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_is_named_once() =>
        Assert.Equal("argument names the egress of 'eth0' twice", LinkCapacitySetting.TryParse("eth0 1gbit eth0 egress 2gbit", out _));

    [Fact]
    public void Random_words_never_throw()
    {
        string[] words = ["auto", "eth0", "*", "egress", "ingress", "1gbit", "5mbyte", "0bit", ",", "", "1.5.5gbit", "9e9gbit"];
        for (var seed = 0; seed < 2_000; seed++)
        {
            var random = new Random(seed);
            var text = string.Join(' ', Enumerable.Range(0, random.Next(8)).Select(_ => words[random.Next(words.Length)]));
            var error = LinkCapacitySetting.TryParse(text, out var setting);
            Assert.True(error is not null || setting.BytesPerSecond("eth0", LinkDirection.Egress) is 0 or >= LinkCapacitySetting.Least and <= LinkCapacitySetting.Most, $"seed {seed}: {text}");
        }
    }
}
