using System.Diagnostics;
using System.Runtime.InteropServices;
using Sluice.Lab.Network;

namespace Sluice.Lab.Processes;

/// <summary>A program that runs in a namespace. Its output goes to a file.</summary>
internal sealed partial class LabProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private const int SigKill = 9;
    private static readonly TimeSpan StopBound = TimeSpan.FromSeconds(30);
    private readonly Process process;
    private readonly string name;
    private readonly Task output;

    private LabProcess(Process process, string name, string log)
    {
        this.process = process;
        this.name = name;
        Log = log;
        Pid = process.Id;
        output = Task.WhenAll(AppendAsync(process.StandardOutput, log), AppendAsync(process.StandardError, $"{log}.errors"));
    }

    /// <summary>Its id. <c>ip netns exec</c> becomes the program, so it is the program's.</summary>
    public int Pid { get; }

    /// <summary>The file with its output.</summary>
    public string Log { get; }

    public bool HasEnded => process.HasExited;

    public int ExitStatus => process.ExitCode;

    /// <summary>Starts it.</summary>
    public static LabProcess Start(NetworkNamespace space, string log, params string[] command)
    {
        var info = new ProcessStartInfo("ip", space.Enter(command)) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        var process = Process.Start(info) ?? throw new LabException($"{command[0]} could not be started.");
        process.StandardInput.Close();
        return new LabProcess(process, command[0], log);
    }

    /// <summary>Waits until it ends by itself.</summary>
    /// <exception cref="LabException">It has not by then.</exception>
    public async Task<int> EndAsync(TimeSpan bound, CancellationToken cancellationToken)
    {
        try
        {
            await process.WaitForExitAsync(cancellationToken).WaitAsync(bound, TimeProvider.System, cancellationToken);
            await output;
            return process.ExitCode;
        }
        catch (TimeoutException error)
        {
            throw new LabException($"{name} has not ended after {bound.TotalSeconds:0} s (log: {Log}).", error);
        }
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        // Its children may hold its output open for longer: nobody waits for that here.
        Signal(SigKill);
        await process.WaitForExitAsync();
    }

    /// <summary>Asks it to end, and makes it when it does not.</summary>
    public async Task StopAsync()
    {
        Signal(SigTerm);
        try
        {
            await process.WaitForExitAsync().WaitAsync(StopBound, TimeProvider.System);
            await output;
        }
        catch (TimeoutException)
        {
            await KillAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            await KillAsync();
        }

        process.Dispose();
    }

    // One that has ended in this moment is what was wanted.
    private void Signal(int signal)
    {
        if (!process.HasExited)
        {
            _ = Send(Pid, signal);
        }
    }

    private static async Task AppendAsync(StreamReader from, string path)
    {
        await using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        await from.BaseStream.CopyToAsync(file);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int pid, int signal);
}
