using Sluice.Cli;
using Sluice.Cli.Commands;
using Sluice.Cli.Rendering;

namespace Sluice.Tests.Client;

public sealed class QuantityTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.0 KiB")]
    [InlineData(1048575, "1.0 MiB")]
    [InlineData(641728512, "612.0 MiB")]
    [InlineData(-3145728, "-3.0 MiB")]
    public void Bytes_are_shown_in_the_unit_that_fits(long bytes, string text) => Assert.Equal(text, Quantity.Bytes(bytes));

    [Theory]
    [InlineData("0", 0)]
    [InlineData("123", 123)]
    [InlineData("1k", 1000)]
    [InlineData("1kb", 1024)]
    [InlineData("20mb", 20 * 1048576L)]
    [InlineData("1.5GB", 1610612736)]
    [InlineData("10 MiB", 10 * 1048576L)]
    public void Sizes_are_read_as_redis_conf_reads_them(string text, long bytes) => Assert.Equal(bytes, Quantity.ParseBytes("--x", text));

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("mb")]
    [InlineData("1x")]
    [InlineData("99999999999999999999g")]
    public void What_is_no_size_is_refused_by_name(string text) =>
        Assert.Contains($"--x '{text}'", Assert.Throws<UsageException>(() => Quantity.ParseBytes("--x", text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("10", 10)]
    [InlineData("1.5m", 90)]
    [InlineData("2h", 7200)]
    public void Times_are_read_in_their_unit(string text, double seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), Quantity.ParseTime("--x", text));

    [Theory]
    [InlineData("0")]
    [InlineData("-5s")]
    [InlineData("5y")]
    public void What_is_no_time_is_refused(string text) => Assert.Throws<UsageException>(() => Quantity.ParseTime("--x", text));

    [Theory]
    [InlineData(0.4, "< 1 s")]
    [InlineData(59, "59 s")]
    [InlineData(61, "1 min 01 s")]
    [InlineData(7260, "2 h 01 min")]
    [InlineData(200000, "2 d 07 h")]
    public void Times_are_shown_in_two_units(double seconds, string text) => Assert.Equal(text, Quantity.Time(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData("18:30", "2026-07-01 18:30:00 +02:00")]
    [InlineData("9:00", "2026-07-02 09:00:00 +02:00")]
    [InlineData("2026-07-01T13:30", "2026-07-01 13:30:00 +02:00")]
    [InlineData("2026-07-01 13:30:05", "2026-07-01 13:30:05 +02:00")]
    [InlineData("2026-07-01T13:30Z", "2026-07-01 15:30:00 +02:00")]
    [InlineData("2026-07-01T13:30:00-05:00", "2026-07-01 20:30:00 +02:00")]
    [InlineData("1782900000", "2026-07-01 12:00:00 +02:00")]
    public void Moments_are_read_and_shown_on_this_machines_clock(string text, string shown)
    {
        var clock = new WallClock();
        Assert.Equal(shown, Quantity.Moment(Quantity.ParseMoment("--until", text, clock), clock));
    }

    [Theory]
    [InlineData("", "is no moment")]
    [InlineData("25:00", "is no moment")]
    [InlineData("tomorrow", "is no moment")]
    [InlineData("-5", "is no moment")]
    [InlineData("2026-07-01T10:59", "has passed: it is 2026-07-01 11:00:00 +02:00.")]
    [InlineData("1", "has passed")]
    public void What_is_no_moment_to_come_is_refused(string text, string sentence) =>
        Assert.Contains(sentence, Assert.Throws<UsageException>(() => Quantity.ParseMoment("--until", text, new WallClock())).Message, StringComparison.Ordinal);

    [Fact]
    public void Shards_are_read_as_numbers_and_ranges() => Assert.Equal([0, 3, 8, 9, 10], ShardList.Parse("8-10,0, 3,9"));

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("3-1")]
    [InlineData("0-99999")]
    [InlineData("1,,2")]
    public void What_names_no_shards_is_refused(string text) => Assert.Throws<UsageException>(() => ShardList.Parse(text));

    /// <summary>11:00 in a zone two hours ahead of UTC.</summary>
    private sealed class WallClock : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone { get; } = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(2), "test", "test");

        public override DateTimeOffset GetUtcNow() => new(2026, 7, 1, 9, 0, 0, TimeSpan.Zero);
    }
}
