using Sluice.Silo;
using Sluice.Silo.Configuration;

NativeMemory.KeepLittle();
return await NodeCommandLine.RunAsync(args, SluiceNode.RunAsync);
