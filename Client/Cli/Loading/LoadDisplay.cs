using System.Globalization;
using Sluice.Cli.Rendering;
using Spectre.Console;

namespace Sluice.Cli.Loading;

/// <summary>What a load took.</summary>
/// <param name="Files">Files loaded.</param>
/// <param name="Bytes">Their contents.</param>
/// <param name="Elapsed">The time it took.</param>
internal sealed record LoadResult(long Files, long Bytes, TimeSpan Elapsed)
{
    public long BytesPerSecond => Elapsed > TimeSpan.Zero ? (long)(Bytes / Elapsed.TotalSeconds) : 0;

    public override string ToString() =>
        $"{Quantity.Count(Files)} files, {Quantity.Bytes(Bytes)} in {Quantity.Seconds(Elapsed)} ({Quantity.Rate(BytesPerSecond)})";
}

/// <summary>Runs a load and shows how it goes: a bar at a terminal, a line every two seconds otherwise.</summary>
internal sealed class LoadDisplay(CommandOutput output, bool quiet, TimeProvider time)
{
    private static readonly TimeSpan BarInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(2);

    public async Task<LoadResult> RunAsync(FileSet files, FileLoader loader, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var loading = loader.LoadAsync(files.Files, cancellationToken);
        if (quiet)
        {
            await loading.ConfigureAwait(false);
        }
        else if (output.IsTerminal)
        {
            await EachAsync(loading, BarInterval, () => Redraw(Bar(files, loader.Progress, time.GetElapsedTime(start)))).ConfigureAwait(false);
            output.Line("");
        }
        else
        {
            await EachAsync(loading, LineInterval, () => output.Line(Line(files, loader.Progress, time.GetElapsedTime(start)))).ConfigureAwait(false);
        }

        return new LoadResult(loader.Progress.Files, loader.Progress.Bytes, time.GetElapsedTime(start));
    }

    // One line over the one before it: back to its beginning, and what was longer is erased. Longer than the terminal it would become two, and never be overwritten.
    private void Redraw(string markup)
    {
        output.Writer.Write('\r');
        var length = Markup.Remove(markup).Length;
        output.Ansi.Markup(length < output.Ansi.Profile.Width ? markup : Markup.Escape(Markup.Remove(markup)[..(output.Ansi.Profile.Width - 1)]));
        output.Writer.Write("\u001b[K");
    }

    private static string Bar(FileSet files, LoadProgress progress, TimeSpan elapsed) =>
        $"load {SyncView.Bar(progress.Bytes, files.Bytes, progress.Files == files.Files.Count)} {Figures(files, progress, elapsed)}";

    private static string Line(FileSet files, LoadProgress progress, TimeSpan elapsed) =>
        $"load {SyncView.Percent(progress.Bytes, files.Bytes)}: {Figures(files, progress, elapsed)}";

    private static string Figures(FileSet files, LoadProgress progress, TimeSpan elapsed)
    {
        var rate = elapsed.TotalSeconds > 0.1 ? progress.Bytes / elapsed.TotalSeconds : 0;
        var eta = progress.Files == files.Files.Count ? "" : $", ETA {Quantity.Time(rate > 0 ? TimeSpan.FromSeconds((files.Bytes - progress.Bytes) / rate) : null)}";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Quantity.Count(progress.Files)} of {Quantity.Count(files.Files.Count)} files, {Quantity.Bytes(progress.Bytes)} of {Quantity.Bytes(files.Bytes)}, {Quantity.Rate((long)rate)}{eta}");
    }

    private async Task EachAsync(Task loading, TimeSpan interval, Action show)
    {
        using var timer = new PeriodicTimer(interval, time);
        while (!loading.IsCompleted)
        {
            await Task.WhenAny(loading, timer.WaitForNextTickAsync().AsTask()).ConfigureAwait(false);
            show();
        }

        await loading.ConfigureAwait(false);
    }
}
