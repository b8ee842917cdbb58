using System.CommandLine;
using System.Text;

namespace Sluice.Cli.Commands;

internal static class GetCommand
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static Command Build(CommandEnvironment environment, GlobalOptions global)
    {
        var key = new Argument<string>("KEY") { Description = "The key" };
        return new Command("get", "Writes a key's value to the standard output, byte for byte; exit status 1 when there is no such key") { key }
            .Does(environment, global, async (parsed, client, json, cancellationToken) =>
            {
                var name = parsed.GetRequiredValue(key);
                var value = await client.Strings.GetAsync(name, cancellationToken).ConfigureAwait(false);
                if (json)
                {
                    var (text, encoding) = value is null ? (null, null) : Text(value);
                    environment.Output.Json(new { key = name, found = value is not null, encoding, value = text });
                }
                else if (value is not null)
                {
                    await environment.Output.BytesAsync(value, cancellationToken).ConfigureAwait(false);
                    if (environment.Output.IsTerminal)
                    {
                        environment.Output.Line("");
                    }
                }

                return value is not null ? 0 : json ? SluiceCommandLine.Failed : throw new CommandFailedException($"There is no key '{name}'.");
            });
    }

    private static (string Value, string Encoding) Text(byte[] value)
    {
        try
        {
            return (StrictUtf8.GetString(value), "utf8");
        }
        catch (DecoderFallbackException)
        {
            // Not text: JSON carries it as base64.
            return (Convert.ToBase64String(value), "base64");
        }
    }
}
