using System.Globalization;
using Sluice.Client;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Sluice.Cli.Rendering;

/// <summary>Draws syncs: a table with bars for a terminal, one line for anything else. Pure: it only turns a snapshot into something to show.</summary>
internal static class SyncView
{
    private const int BarWidth = 24;

    /// <summary>The table's own lines: top, headings, rule, total's rule, total, bottom.</summary>
    private const int FrameLines = 7;

    /// <summary>Draws a table of at most so many lines; when that is too few for all syncs, those that are live are left out first.</summary>
    public static IRenderable Table(SyncSnapshot snapshot, int maxLines)
    {
        var totals = SyncTotals.Of(snapshot.Syncs);
        var room = Math.Max(1, maxLines - FrameLines - snapshot.Problems.Length);
        var shown = snapshot.Syncs.Length <= room
            ? [.. snapshot.Syncs]
            : snapshot.Syncs.OrderBy(sync => Urgency(sync.State)).ThenBy(sync => sync.Replica.Shard).Take(room).OrderBy(sync => sync.Replica.Shard).ToList();
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
        foreach (var (heading, right) in new[] { ("Replica", false), ("State", false), ("Progress", false), ("Copied", true), ("Rate", true), ("Share", true), ("ETA", true) })
        {
            table.AddColumn(new TableColumn($"[bold]{heading}[/]") { Alignment = right ? Justify.Right : Justify.Left, NoWrap = true });
        }

        foreach (var sync in shown)
        {
            table.AddRow(Row(sync, totals));
        }

        var hidden = snapshot.Syncs.Length - shown.Count;
        var count = string.Create(CultureInfo.InvariantCulture, $"{totals.Live} of {totals.Count} live");
        table.Columns[0].Footer = new Markup(hidden > 0 ? $"[bold]total[/] [grey](+{hidden})[/]" : "[bold]total[/]");
        table.Columns[1].Footer = new Markup($"[bold]{count}[/]");
        table.Columns[2].Footer = new Markup(Bar(totals.Done, totals.Live == totals.Count && totals.Count > 0));
        table.Columns[3].Footer = new Markup(Copied(totals.ReceivedBytes, totals.TotalBytes));
        table.Columns[4].Footer = new Markup(Quantity.Rate(totals.BytesPerSecond));
        table.Columns[5].Footer = new Markup(totals.BytesPerSecond > 0 ? "100 %" : "-");
        table.Columns[6].Footer = new Markup(totals.Live == totals.Count ? "-" : Quantity.Time(totals.Eta));
        table.ShowFooters = true;
        return snapshot.Problems.IsEmpty
            ? table
            : new Rows([table, .. snapshot.Problems.Select(problem => new Markup($"[red]{Markup.Escape(problem)}[/]"))]);
    }

    /// <summary>One line for all syncs, and one for each of the few that are under way.</summary>
    public static IEnumerable<string> Lines(SyncSnapshot snapshot)
    {
        var totals = SyncTotals.Of(snapshot.Syncs);
        var time = snapshot.At.ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        var eta = totals.Live == totals.Count ? "" : $", ETA {Quantity.Time(totals.Eta)}";
        yield return totals.TotalBytes == 0
            ? $"{time} syncs: {totals.States}"
            : $"{time} syncs: {totals.States}; {Copied(totals.ReceivedBytes, totals.TotalBytes)} ({Quantity.Share(totals.Done)}), rate {Quantity.Rate(totals.BytesPerSecond)}{eta}";
        foreach (var sync in snapshot.Syncs.Where(sync => sync.State is SyncState.Copying || sync.LastError.Length > 0).Take(4))
        {
            yield return $"{time}   {sync.Replica} {SyncTotals.NameOf(sync)} {Percent(sync.ReceivedBytes, sync.TotalBytes)} of {Quantity.Bytes(sync.TotalBytes)}, "
                + $"rate {Quantity.Rate(sync.BytesPerSecond)}, share {Quantity.Share(totals.ShareOf(sync))}, ETA {Quantity.Time(sync.Eta)}"
                + (sync.LastError.Length > 0 ? $"; attempt {sync.Attempt}, before: {sync.LastError}" : "");
        }

        foreach (var problem in snapshot.Problems)
        {
            yield return $"{time} {problem}";
        }
    }

    /// <summary>A bar of fixed width as Spectre markup.</summary>
    public static string Bar(long done, long total, bool finished) => Bar(total <= 0 ? 0 : (double)done / total, finished);

    /// <summary>A bar of fixed width as Spectre markup.</summary>
    public static string Bar(double done, bool finished)
    {
        var part = finished ? 1 : Math.Clamp(done, 0, 1);
        var filled = (int)(part * BarWidth);
        var colour = finished ? "green" : "deepskyblue1";
        return $"[{colour}]{new string('━', filled)}[/][grey30]{new string('━', BarWidth - filled)}[/] {Quantity.Share(part),5}";
    }

    public static string Percent(long done, long total) => Quantity.Share(total <= 0 ? 0 : Math.Clamp((double)done / total, 0, 1));

    private static string[] Row(SyncProgress sync, SyncTotals totals)
    {
        var copied = sync.State >= SyncState.Copying && sync.TotalBytes > 0;
        var moving = sync.State == SyncState.Copying;
        return
        [
            Markup.Escape(sync.Replica.ToString()),
            StateColour.Paint(SyncTotals.NameOf(sync)),
            copied || sync.State == SyncState.Live
                ? Bar(sync.ReceivedBytes, sync.TotalBytes, sync.State == SyncState.Live)
                : $"[grey]{Markup.Escape(Cut(sync.LastError.Length > 0 ? sync.LastError : sync.Detail))}[/]",
            copied ? Copied(sync.ReceivedBytes, sync.TotalBytes) : "-",
            moving ? Quantity.Rate(sync.BytesPerSecond) : sync.State == SyncState.CatchingUp && sync.LagSequences >= 0 ? $"lag {Quantity.Count(sync.LagSequences)}" : "-",
            moving && totals.BytesPerSecond > 0 ? Quantity.Share(totals.ShareOf(sync)) : "-",
            moving ? Quantity.Time(sync.Eta) : "-",
        ];
    }

    private static string Copied(long done, long total) => done >= total ? Quantity.Bytes(total) : $"{Quantity.Bytes(done)} of {Quantity.Bytes(total)}";

    private static string Cut(string text) => text.Length <= BarWidth + 6 ? text : string.Concat(text.AsSpan(0, BarWidth + 5), "…");

    // What moves is worth a line before what waits, and that before what is done.
    private static int Urgency(SyncState state) => state switch { SyncState.Live => 2, SyncState.Pending or SyncState.Idle => 1, _ => 0 };
}
