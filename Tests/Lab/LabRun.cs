using System.Globalization;
using Sluice.Lab.Processes;
using Sluice.Lab.Report;
using Sluice.Lab.Scenarios;

namespace Sluice.Lab;

/// <summary>Runs cases one after the other: what one needs of the two cores would be in the other's latencies.</summary>
internal sealed class LabRun(LabOptions options, string id, string directory, CancellationToken cancellationToken)
{
    private readonly ResultStore store = new(options.Results);

    /// <summary>Runs them; gives their results.</summary>
    public async Task<IReadOnlyList<CaseResult>> RunAsync(IReadOnlyList<LabCase> cases)
    {
        var images = new DatasetImages(Path.Combine(directory, "images"), id, Say, cancellationToken);
        var results = new List<CaseResult>();
        for (var n = 0; n < cases.Count && !cancellationToken.IsCancellationRequested; n++)
        {
            Say($"[{n + 1}/{cases.Count}] {cases[n].Id}");
            if (await RunOneAsync(cases[n], images, $"{id}-{n}") is { } result)
            {
                results.Add(result);
                store.Add([result]);
                ResultTable.PrintCase(result);
            }
        }

        return results;
    }

    private async Task<CaseResult?> RunOneAsync(LabCase what, DatasetImages images, string prefix)
    {
        var folder = Path.Combine(directory, what.Id.Replace('/', '-').Replace(' ', '-'));
        Directory.CreateDirectory(folder);
        var context = new CaseContext(prefix, folder, options.IsQuick, images, Say, cancellationToken);
        try
        {
            return Complete(what, await what.Run(context));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception error)
        {
            // One case that breaks off is a result, and no reason not to run the others.
            return Complete(what, new CaseResult { Failure = error is LabException ? error.Message : error.ToString() });
        }
        finally
        {
            if (!options.Keeps)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private CaseResult Complete(LabCase what, CaseResult result) =>
        result with { Scenario = what.Scenario, Variant = what.Variant, System = what.System, At = TimeProvider.System.GetUtcNow(), IsQuick = options.IsQuick };

    private static void Say(string what) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetLocalNow():HH:mm:ss} {what}"));
}
