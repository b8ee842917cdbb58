using Sluice.Cli.Rendering;

namespace Sluice.Cli;

/// <summary>What a command needs from outside: where it writes, how it connects, the time, the environment's variables. Tests put their own in.</summary>
internal sealed class CommandEnvironment(
    CommandOutput output, Func<ConnectionSettings, CancellationToken, Task<ClusterConnection>> connect, Func<string, string?> variable, TimeProvider time) : IDisposable
{
    public CommandOutput Output { get; } = output;

    public Func<ConnectionSettings, CancellationToken, Task<ClusterConnection>> Connect { get; } = connect;

    public Func<string, string?> Variable { get; } = variable;

    public TimeProvider Time { get; } = time;

    /// <summary>Where a value of <c>-</c> is read from.</summary>
    public Stream Input { get; init; } = Stream.Null;

    public static CommandEnvironment OfProcess() => new(
        CommandOutput.OfProcess(), ClusterConnection.OpenAsync, Environment.GetEnvironmentVariable, TimeProvider.System)
    {
        Input = Console.OpenStandardInput(),
    };

    public void Dispose()
    {
        Input.Dispose();
        Output.Dispose();
    }
}
