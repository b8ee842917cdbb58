using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Sluice.Lab;
using Sluice.Lab.Measuring;
using Sluice.Lab.Report;
using Sluice.Lab.Scenarios;

[assembly: SupportedOSPlatform("linux")]

if (args is ["foreground", var server, var perSecond, var output])
{
    using var client = new ForegroundClient(IPEndPoint.Parse(server), int.Parse(perSecond, CultureInfo.InvariantCulture), output);
    client.Run();
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
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{met} passed, {results.Count - met} failed"));
return met == results.Count ? 0 : 1;

void Interrupt(PosixSignalContext context)
{
    // The run removes what it made, then ends.
    context.Cancel = true;
    interrupted.Cancel();
}
