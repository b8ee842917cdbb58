using System.Globalization;
using BenchmarkDotNet.Running;
using Sluice.Benchmarks;
using Sluice.Benchmarks.Pictures;
using Sluice.Tests.House;

// What each command prints is in docs/architecture.md; `--help` says how to call them.
return args switch
{
    ["copy", "--mib", var mib] when int.TryParse(mib, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size > 0 => await CopyBenchmark.RunAsync(size),
    ["copy"] => await CopyBenchmark.RunAsync(2048),
    ["nodes", "--mib", var mib] when int.TryParse(mib, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size > 0 => await NodesBenchmark.RunAsync(size),
    ["nodes"] => await NodesBenchmark.RunAsync(2048),
    ["throttle"] => await ThrottleBenchmark.RunAsync(),
    ["pictures"] => WritePictures(Path.Combine(SourceTree.Root, "docs", "images")),
    ["pictures", var folder] => WritePictures(folder),
    ["code", .. var rest] => RunCode(rest),
    ["--help"] or [] => Usage(0),
    _ => Usage(2),
};

static int RunCode(string[] arguments)
{
    // In this process: the project's name is not its assembly's, so BenchmarkDotNet would not find it to build another.
    BenchmarkSwitcher.FromAssembly(typeof(CopyBenchmark).Assembly).Run([.. arguments, "--inProcess"]);
    return 0;
}

static int WritePictures(string folder)
{
    RateControlPictures.Write(folder);
    AllocationPictures.Write(folder);
    return 0;
}

static int Usage(int status)
{
    (status == 0 ? Console.Out : Console.Error).WriteLine("""
        dotnet run -c Release --project Tests/Benchmarks -- COMMAND
          copy [--mib N]   what the data plane moves over loopback, beside cp -r and sync (2048 MiB; N: another size, a multiple of 64)
          nodes [--mib N]  a whole full copy between two nodes, beside cp -r and sync (2048 MiB)
          throttle         how exactly a copy keeps to throttle-bytes-per-second, over 10 s at two rates
          pictures [DIR]   writes the pictures of docs/bandwidth.md, from simulations (docs/images)
          code [ARGS]      BenchmarkDotNet on the code of the hot paths; ARGS go to it, for example --filter '*Execute*'
        """);
    return status;
}
