using System.Collections.Immutable;
using Sluice.Cli.Rendering;
using Sluice.Client;
using Spectre.Console;

namespace Sluice.Tests.Client;

public sealed class SyncViewTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void Totals_add_up_and_tell_the_time_that_is_left()
    {
        var totals = SyncTotals.Of([Copying(0, 60, 100, 10), Copying(1, 20, 100, 30), Copying(2, 100, 100, 0) with { State = SyncState.Live }]);

        Assert.Equal((300, 180, 40), (totals.TotalBytes, totals.ReceivedBytes, totals.BytesPerSecond));
        Assert.Equal(TimeSpan.FromSeconds(3), totals.Eta);
        Assert.Equal("1 live, 2 copying", totals.States);
        Assert.Equal(0.75, totals.ShareOf(Copying(1, 20, 100, 30)));
    }

    [Fact]
    public void A_sync_whose_size_is_not_known_yet_is_taken_for_an_average_one()
    {
        var waiting = new SyncProgress { Replica = new ReplicaKey(1, "B"), State = SyncState.Pending };

        var totals = SyncTotals.Of([Copying(0, 60, 100, 10), waiting]);

        Assert.Equal(TimeSpan.FromSeconds(14), totals.Eta);
        Assert.Equal(0.3, totals.Done, 6);
        Assert.Null(SyncTotals.Of([waiting]).Eta);
    }

    [Fact]
    public void Lines_tell_state_rate_share_and_eta() => Assert.Equal(
        [
            "03:04:05 syncs: 1 live, 2 copying; 180 B of 300 B (60 %), rate 40 B/s, ETA 3 s",
            "03:04:05   0@B copying 60 % of 100 B, rate 10 B/s, share 25 %, ETA 4 s",
            "03:04:05   1@B copying 20 % of 100 B, rate 30 B/s, share 75 %, ETA 3 s",
        ],
        SyncView.Lines(new SyncSnapshot(At, [Copying(0, 60, 100, 10) with { Eta = TimeSpan.FromSeconds(4) }, Copying(1, 20, 100, 30) with { Eta = TimeSpan.FromSeconds(3) }, Copying(2, 100, 100, 0) with { State = SyncState.Live }], [])));

    [Fact]
    public void A_failed_attempt_is_told_with_its_reason() => Assert.Contains(
        "attempt 2, before: the connection was reset",
        string.Join('\n', SyncView.Lines(new SyncSnapshot(At, [Copying(0, 1, 100, 0) with { State = SyncState.Pending, Attempt = 2, LastError = "the connection was reset" }], []))),
        StringComparison.Ordinal);

    [Fact]
    public void A_low_terminal_shows_what_moves_and_counts_the_rest()
    {
        var snapshot = new SyncSnapshot(At, [.. Enumerable.Range(0, 30).Select(shard => Copying(shard, 50, 100, 1) with { State = shard < 25 ? SyncState.Live : SyncState.Copying })], []);

        var lines = Draw(snapshot, height: 13);

        Assert.True(lines.Length <= 13, string.Join('\n', lines));
        Assert.Contains(lines, line => line.Contains("29@B", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("(+24)", StringComparison.Ordinal));
    }

    [Fact]
    public void A_bracket_in_a_message_is_shown_and_not_taken_for_markup() => Assert.Contains(
        Draw(new SyncSnapshot(At, [Copying(0, 0, 0, 0) with { State = SyncState.Pending, Detail = "waits [2nd]" }], ["Node 'B' [::1] does not answer"]), 40),
        line => line.Contains("waits [2nd]", StringComparison.Ordinal));

    private static string[] Draw(SyncSnapshot snapshot, int height)
    {
        using var writer = new StringWriter();
        using var output = new CommandOutput(Stream.Null, writer, writer, isTerminal: true, width: 120);
        output.Ansi.Write(SyncView.Table(snapshot, height));
        return writer.ToString().TrimEnd('\n').Split('\n');
    }

    private static SyncProgress Copying(int shard, long received, long total, long rate) =>
        new() { Replica = new ReplicaKey(shard, "B"), State = SyncState.Copying, ReceivedBytes = received, TotalBytes = total, BytesPerSecond = rate };
}
