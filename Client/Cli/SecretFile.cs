namespace Sluice.Cli;

/// <summary>Secrets come from files: a command line can be read by every user of the machine.</summary>
internal static class SecretFile
{
    /// <summary>The first line of a file.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static string Read(string option, string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault()?.Trim() is { Length: > 0 } secret
                ? secret
                : throw new UsageException($"{option} '{path}': the file's first line is empty, it must be the secret.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{option} '{path}' cannot be read: {error.Message}", error);
        }
    }
}
