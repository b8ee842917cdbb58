using Sluice.Silo;
using Sluice.Silo.Configuration;

return await NodeCommandLine.RunAsync(args, SluiceNode.RunAsync);
