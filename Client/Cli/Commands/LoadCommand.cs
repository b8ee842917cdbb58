using System.CommandLine;
using Sluice.Cli.Loading;
using Sluice.Cli.Rendering;
using Sluice.Client;

namespace Sluice.Cli.Commands;

internal static class LoadCommand
{
    public static Command Build(CommandEnvironment environment, GlobalOptions global)
    {
        var directory = new Argument<string>("DIR") { Description = "The directory" };
        var resp = new Option<string?>("--resp") { HelpName = "HOST:PORT", Description = $"The RESP port [default: 127.0.0.1:{ClusterDefaults.RespPort}] [env: SLUICE_RESP]" };
        var connections = TypedOptions.Number("--connections", "So many connections side by side, 1 to 64 [default: 4]", 1, 64);
        var passwordFile = new Option<string?>("--password-file") { HelpName = "FILE", Description = "A file whose first line is the node's requirepass" };
        var command = new Command("load", "Loads every file below a directory through a node's RESP port: the path below it is the key, the content the value (at most 512 MiB)")
        {
            directory, resp, connections, passwordFile,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var endpoint = Endpoint(parsed.GetValue(resp) ?? environment.Variable("SLUICE_RESP"));
            var count = parsed.GetValue(connections) ?? 4;
            var password = parsed.GetValue(passwordFile) is { } path ? SecretFile.Read("--password-file", path) : null;
            var files = FileSet.Find(parsed.GetRequiredValue(directory));
            var json = global.Json(parsed);
            var result = await new LoadDisplay(environment.Output, json, environment.Time)
                .RunAsync(files, new FileLoader(endpoint, password, count), cancellationToken).ConfigureAwait(false);
            if (json)
            {
                environment.Output.Json(new { files = result.Files, bytes = result.Bytes, seconds = result.Elapsed.TotalSeconds, bytesPerSecond = result.BytesPerSecond });
            }
            else
            {
                environment.Output.Line($"loaded {result}");
            }

            return 0;
        });
        return command;
    }

    private static System.Net.IPEndPoint Endpoint(string? text)
    {
        try
        {
            return GatewayAddress.Parse(text is { Length: > 0 } ? text : "127.0.0.1", ClusterDefaults.RespPort);
        }
        catch (FormatException error)
        {
            throw new UsageException($"--resp: {error.Message}", error);
        }
    }
}
