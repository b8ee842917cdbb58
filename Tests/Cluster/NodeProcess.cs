using System.Diagnostics;
using System.Globalization;

namespace Sluice.Tests.Cluster;

/// <summary>A node as a process of its own, which a test may kill. Its log goes to a file in its data directory.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartBound = TimeSpan.FromSeconds(60);
    private readonly string[] arguments;
    private readonly string log;
    private Process? process;

    /// <summary>Names the node; nothing is started yet.</summary>
    public NodeProcess(string name, string directory, int[] ports, string seeds, int shards)
    {
        Name = name;
        Port = ports[0];
        GatewayPort = ports[3];
        Directory.CreateDirectory(directory);
        log = Path.Combine(directory, $"{name}.log");
        arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "Sluice.Silo.dll"), "--name", name, "--data", Path.Combine(directory, name), "--port", Text(ports[0]),
            "--replication-port", Text(ports[1]), "--silo-port", Text(ports[2]), "--gateway-port", Text(ports[3]), "--seeds", seeds, "--shards", Text(shards),
        ];
    }

    public string Name { get; }

    /// <summary>Environment variables that the process has besides this one's.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    public int Port { get; }

    /// <summary>The port for .NET clients.</summary>
    public int GatewayPort { get; }

    /// <summary>The process runs, as far as this test has done to it.</summary>
    public bool IsRunning => process is not null;

    /// <summary>Starts the process and waits until it answers commands about all shards, or about itself alone when their other nodes may be down.</summary>
    public async Task StartAsync(bool alone = false)
    {
        var writer = new StreamWriter(new FileStream(log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        var info = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in Variables)
        {
            info.Environment[name] = value;
        }

        process = new Process { StartInfo = info };
        process.OutputDataReceived += (_, line) => Write(writer, line.Data);
        process.ErrorDataReceived += (_, line) => Write(writer, line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await Eventually.IsTrueAsync($"node {Name} answers (log: {log})", StartBound, async () =>
        {
            await using var connection = await RedisConnection.OpenAsync(Port);
            return !(await connection.SendAsync(alone ? "PING" : "DBSIZE")).IsError;
        });
    }

    /// <summary>Starts the process and waits until it ends by itself.</summary>
    /// <returns>Its exit status, and all that it has said.</returns>
    public async Task<(int Status, string Said)> RunToItsEndAsync(TimeSpan bound)
    {
        using var run = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = await Task.WhenAll(run.StandardOutput.ReadToEndAsync(), run.StandardError.ReadToEndAsync()).WaitAsync(bound);
        await run.WaitForExitAsync();
        return (run.ExitCode, string.Concat(said));
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            await KillAsync();
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static void Write(StreamWriter writer, string? line)
    {
        lock (writer)
        {
            writer.WriteLine(line);
        }
    }
}
