using System.Collections.Concurrent;

namespace Sluice.Tests.Runtime.Orleans;

/// <summary>Events between a test and the grains of its silos, which are in the same process; keys are unique per test.</summary>
internal static class Signals
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private static readonly ConcurrentDictionary<string, TaskCompletionSource> All = new();

    public static void Raise(string name) => Of(name).TrySetResult();

    public static bool IsRaised(string name) => Of(name).Task.IsCompleted;

    /// <summary>Waits for an event; fails naming it when it does not come.</summary>
    public static Task Await(string name) => Await(Of(name).Task, name);

    public static async Task Await(Task task, string name)
    {
        try
        {
            await task.WaitAsync(Bound, TimeProvider.System);
        }
        catch (TimeoutException exception) when (!task.IsCompleted)
        {
            throw new TimeoutException($"'{name}' did not happen within {Bound}.", exception);
        }
    }

    private static TaskCompletionSource Of(string name) => All.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
