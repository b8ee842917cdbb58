using System.Diagnostics;
using System.Globalization;
using Sluice.Tests.Cluster;

namespace Sluice.Benchmarks;

/// <summary>
/// A whole full copy between two nodes over loopback without a limit, from REPLICAOF until all replicas are live, of incompressible 4 KiB values, beside what <c>cp -r</c> and <c>sync</c>
/// take for the same databases. Both nodes share this process and the machine's cores.
/// </summary>
internal static class NodesBenchmark
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(10);

    /// <summary>Runs it and prints the table; 1 when the copy reaches less than half of cp and sync.</summary>
    public static async Task<int> RunAsync(int mib)
    {
        var time = TimeProvider.System;
        await using var nodes = await NodesUnderTest.StartAsync(2, shards: 16);
        await using var a = await nodes.ConnectAsync(0);
        await using var b = await nodes.ConnectAsync(1);
        await Incompressible.FillAsync(a, mib, valueBytes: 4096);

        var start = time.GetTimestamp();
        await b.SendAsync($"REPLICAOF 127.0.0.1 {nodes.Settings(0).Port}");
        await nodes.LiveAsync(1, Bound);
        var copy = mib / time.GetElapsedTime(start).TotalSeconds;

        // Of the replica's databases, which hold what the checkpoints held. Compactions that the copy set off may still remove files meanwhile: those are left out.
        var data = nodes.Settings(1).Data;
        await ShellAsync($"sync; mkdir {data}.cp");
        start = time.GetTimestamp();
        await ShellAsync($"find {data}/shards -path '*/live/*' \\( -name '*.sst' -o -name '*.blob' \\) -exec cp --backup=numbered -t {data}.cp {{}} + 2>/dev/null; sync");
        mib = (int)(new DirectoryInfo($"{data}.cp").EnumerateFiles().Sum(file => file.Length) >> 20);
        var cp = mib / time.GetElapsedTime(start).TotalSeconds;
        Console.WriteLine("| full copy between two nodes, MiB/s | cp -r and sync, MiB/s | ratio |");
        Console.WriteLine("| --- | --- | --- |");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {copy:0} | {cp:0} | {copy / cp:0.00} |"));
        return copy >= 0.5 * cp ? 0 : 1;
    }

    private static async Task ShellAsync(string command)
    {
        using var shell = Process.Start("sh", ["-c", command]);
        await shell.WaitForExitAsync();
        if (shell.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{command}' ended with status {shell.ExitCode}.");
        }
    }
}
