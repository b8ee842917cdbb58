using System.Text;
using Microsoft.Extensions.Options;
using Sluice.Cli;
using Sluice.Cli.Rendering;
using Sluice.Client;

namespace Sluice.Tests.Client;

/// <summary>One run of the sluice command against a fake cluster, and what it wrote.</summary>
internal sealed record CommandRun(int Status, string Output, string Error)
{
    public static Task<CommandRun> OnAsync(FakeCluster cluster, params string[] args) => OnAsync(cluster, isTerminal: false, args);

    public static async Task<CommandRun> OnAsync(FakeCluster cluster, bool isTerminal, params string[] args)
    {
        using var raw = new MemoryStream();
        await using var writer = new StreamWriter(raw, new UTF8Encoding(false)) { AutoFlush = true };
        await using var error = new StringWriter();
        var client = new SluiceClient(cluster, Options.Create(new SluiceClientOptions()), TimeProvider.System);
        using var environment = new CommandEnvironment(
            new CommandOutput(raw, writer, error, isTerminal, width: 120),
            (_, _) => Task.FromResult(new ClusterConnection(client, () => ValueTask.CompletedTask)),
            _ => null,
            TimeProvider.System);
        var status = await SluiceCommandLine.RunAsync(args, environment);
        return new CommandRun(status, Encoding.UTF8.GetString(raw.ToArray()), error.ToString());
    }
}
