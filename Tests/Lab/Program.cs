using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Sluice.Lab;
using Sluice.Lab.Measuring;
using Sluice.Lab.NaiveCopier;
using Sluice.Lab.Report;
using Sluice.Lab.Scenarios;

// The programs that the lab starts in its namespaces.
switch (args)
{
    case ["foreground", var server, var perSecond, var output]:
        using (var client = new ForegroundClient(IPEndPoint.Parse(server), int.Parse(perSecond, CultureInfo.InvariantCulture), output))
        {
            client.Run();
        }

        return 0;
    case ["naive-server", var endPoint]:
        new NaiveServer(IPEndPoint.Parse(endPoint)).Run();
        return 0;
    case ["naive-client", var server, var pieces, var output]:
        new NaiveClient(IPEndPoint.Parse(server), int.Parse(pieces, CultureInfo.InvariantCulture), output).Run();
        return 0;
}

LabOptions options;
try
{
    options = LabOptions.Parse(args);
}
catch (FormatException error)
{
    Console.Error.WriteLine($"lab.sh: {error.Message}\n{LabOptions.Usage}");
    return 2;
}

var cases = ScenarioTable.Select(options.Scenarios, options.IsQuick, out var unknown);
if (unknown is not null)
{
    Console.Error.WriteLine($"lab.sh: there is no scenario '{unknown}'; --list names all");
    return 2;
}

if (options.Lists)
{
    ScenarioTable.Print(cases);
    return 0;
}

if (options.WritesDocs)
{
    LabDocs.Write(options.Results);
    return 0;
}

using var interrupted = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
var results = await new LabRun(
    options, Environment.GetEnvironmentVariable("SLUICE_LAB_ID") ?? "lab", Environment.GetEnvironmentVariable("SLUICE_LAB_DIRECTORY") ?? Directory.CreateTempSubdirectory("sluice-lab-").FullName, interrupted.Token)
    .RunAsync(cases);
if (interrupted.IsCancellationRequested)
{
    return 130;
}

ResultTable.PrintBounds(results);
var met = results.Count(result => result.IsMet);
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{met} of {results.Count} cases met all their bounds"));
return met == results.Count ? 0 : 1;

void Interrupt(PosixSignalContext context)
{
    // The run removes what it made, then ends.
    context.Cancel = true;
    interrupted.Cancel();
}
