using System.Diagnostics;

namespace Sluice.Lab.Processes;

/// <summary>Runs a tool of the system to its end.</summary>
internal static class Tool
{
    /// <summary>Runs it and gives what it printed.</summary>
    /// <exception cref="LabException">Its exit status is not 0, or it is not installed.</exception>
    public static async Task<string> RunAsync(string name, params string[] arguments)
    {
        var (status, output, errors) = await TryAsync(name, arguments);
        return status == 0 ? output : throw new LabException($"{name} {string.Join(' ', arguments)} ended with status {status}: {(errors.Length > 0 ? errors : output).Trim()}");
    }

    /// <summary>Runs it and gives its exit status and what it printed.</summary>
    /// <exception cref="LabException">It is not installed.</exception>
    public static async Task<(int Status, string Output, string Errors)> TryAsync(string name, params string[] arguments)
    {
        var info = new ProcessStartInfo(name, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using var process = StartOrThrow(info);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }

    private static Process StartOrThrow(ProcessStartInfo info)
    {
        try
        {
            return Process.Start(info)!;
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new LabException($"{info.FileName} could not be started: {error.Message}. lab.sh installs what the lab needs.", error);
        }
    }
}
