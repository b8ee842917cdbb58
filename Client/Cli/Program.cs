using Sluice.Cli;

using var environment = CommandEnvironment.OfProcess();
return await SluiceCommandLine.RunAsync(args, environment);
