using System.Globalization;

namespace Sluice.Tests.Cluster;

/// <summary>Waits for something to become so, by asking again, with a bound that names what was awaited.</summary>
internal static class Eventually
{
    /// <summary>Asks every 50 ms until the answer is not null.</summary>
    public static async Task<T> GetAsync<T>(string awaited, TimeSpan bound, Func<Task<T?>> ask)
        where T : class
    {
        using var limit = new CancellationTokenSource(bound);
        Exception? last = null;
        while (!limit.IsCancellationRequested)
        {
            try
            {
                if (await ask() is { } answer)
                {
                    return answer;
                }
            }
            catch (Exception error) when (error is not Xunit.Sdk.XunitException)
            {
                last = error;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        throw new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"{awaited}: not within {bound.TotalSeconds:0} s. Last error: {last?.Message ?? "none"}"), last);
    }

    /// <summary>Asks every 50 ms until it is so.</summary>
    public static Task IsTrueAsync(string awaited, TimeSpan bound, Func<Task<bool>> ask) => GetAsync(awaited, bound, async () => await ask() ? awaited : null);
}
