using Orleans.Runtime;

namespace Sluice.Client;

/// <summary>Turns what Orleans throws when a silo does not answer into the client's own errors; the grains' own errors pass unchanged.</summary>
internal static class GrainCalls
{
    public static async Task<T> AskAsync<T>(string whom, Func<Task<T>> call)
    {
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (Exception error) when (IsUnreachable(error))
        {
            throw Unreachable(whom, error);
        }
    }

    public static async Task AskAsync(string whom, Func<Task> call)
    {
        try
        {
            await call().ConfigureAwait(false);
        }
        catch (Exception error) when (IsUnreachable(error))
        {
            throw Unreachable(whom, error);
        }
    }

    public static bool IsUnreachable(Exception error) =>
        error is TimeoutException or OrleansException or HttpRequestException or System.Net.Sockets.SocketException or ObjectDisposedException
            or IOException;

    public static SluiceUnreachableException Unreachable(string whom, Exception error) =>
        new($"{whom} does not answer: {FirstLine(error.Message)}", error);

    private static string FirstLine(string text)
    {
        var end = text.AsSpan().IndexOfAny('\r', '\n');
        return end < 0 ? text : text[..end];
    }
}
