using System.CommandLine;
using Sluice.Cli.Rendering;
using Sluice.Client;

namespace Sluice.Cli.Commands;

internal static class SetCommand
{
    public static Command Build(CommandEnvironment environment, GlobalOptions global)
    {
        var key = new Argument<string>("KEY") { Description = "The key" };
        var value = new Argument<string>("VALUE") { Description = "The value; - reads it from the standard input" };
        var ttl = TypedOptions.Time("--ttl", "The key lives for so long: 500ms, 10s, 5m, 2h, 1d");
        var keepTtl = new Option<bool>("--keep-ttl") { Description = "The key keeps the expiry that it has" };
        var ifAbsent = new Option<bool>("--if-absent") { Description = "Only if there is no such key; exit status 1 otherwise" };
        var ifPresent = new Option<bool>("--if-present") { Description = "Only if there is such a key; exit status 1 otherwise" };
        var command = new Command("set", "Sets a key") { key, value, ttl, keepTtl, ifAbsent, ifPresent };
        command.Exclude(ifAbsent, ifPresent);
        command.Exclude(ttl, keepTtl);
        return command.Does(environment, global, async (parsed, client, json, cancellationToken) =>
        {
            var options = new SetOptions
            {
                ExpireAfter = parsed.GetValue(ttl),
                KeepExpiry = parsed.GetValue(keepTtl),
                Condition = parsed.GetValue(ifAbsent) ? SetCondition.IfAbsent : parsed.GetValue(ifPresent) ? SetCondition.IfPresent : SetCondition.Always,
            };
            var name = parsed.GetRequiredValue(key);
            var bytes = await ReadValueAsync(parsed.GetRequiredValue(value), environment, cancellationToken).ConfigureAwait(false);
            var done = await client.Strings.SetAsync(name, bytes, options, cancellationToken).ConfigureAwait(false);
            if (json)
            {
                environment.Output.Json(new { key = name, done });
                return done ? 0 : SluiceCommandLine.Failed;
            }

            if (!done)
            {
                throw new CommandFailedException(options.Condition == SetCondition.IfAbsent ? $"There is a key '{name}' already: nothing was set." : $"There is no key '{name}': nothing was set.");
            }

            environment.Output.Line("OK");
            return 0;
        });
    }

    private static async Task<SluiceBytes> ReadValueAsync(string text, CommandEnvironment environment, CancellationToken cancellationToken)
    {
        if (text != "-")
        {
            return text;
        }

        using var memory = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await environment.Input.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            memory.Write(buffer, 0, read);
            if (memory.Length > SluiceClientOptions.MaxValueBytes)
            {
                throw new CommandFailedException(
                    $"The standard input has more than {Quantity.Bytes(SluiceClientOptions.MaxValueBytes)}: put it into a file and use 'sluice load', or a Redis client.");
            }
        }

        return memory.ToArray();
    }
}
