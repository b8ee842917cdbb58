using System.CommandLine;
using Sluice.Client;

namespace Sluice.Cli.Commands;

internal static class DelCommand
{
    public static Command Build(CommandEnvironment environment, GlobalOptions global)
    {
        var keys = new Argument<string[]>("KEY") { Description = "The keys", Arity = ArgumentArity.OneOrMore };
        return new Command("del", "Deletes keys and writes how many there were; exit status 1 when there was none") { keys }
            .Does(environment, global, async (parsed, client, json, cancellationToken) =>
            {
                var names = Array.ConvertAll(parsed.GetRequiredValue(keys), SluiceBytes.FromString);
                var deleted = await client.Strings.DeleteManyAsync(names, cancellationToken).ConfigureAwait(false);
                if (json)
                {
                    environment.Output.Json(new { deleted });
                }
                else
                {
                    environment.Output.Line($"{deleted} deleted");
                }

                return deleted > 0 ? 0 : SluiceCommandLine.Failed;
            });
    }
}
