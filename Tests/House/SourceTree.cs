namespace Sluice.Tests.House;

/// <summary>The repository that the tests were built from.</summary>
internal static class SourceTree
{
    private static readonly string[] Generated = ["bin", "obj", ".git", "TestResults", "BenchmarkDotNet.Artifacts"];

    public static string Root { get; } = FindRoot();

    /// <summary>The C# files, generated ones left out, with their paths relative to the root and forward slashes.</summary>
    public static IReadOnlyList<SourceFile> CSharpFiles { get; } = [.. Files(".cs")];

    public static IEnumerable<SourceFile> Files(string extension) =>
        Walk(Root).Where(path => path.EndsWith(extension, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(path => new SourceFile(Path.GetRelativePath(Root, path).Replace('\\', '/'), File.ReadAllText(path)));

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static bool Exists(string path) => File.Exists(Path.Combine(Root, path)) || Directory.Exists(Path.Combine(Root, path));

    private static IEnumerable<string> Walk(string directory) =>
        Directory.EnumerateFiles(directory).Concat(
            Directory.EnumerateDirectories(directory).Where(child => !Generated.Contains(Path.GetFileName(child))).SelectMany(Walk));

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Orleans.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException($"No Orleans.sln above {AppContext.BaseDirectory}.");
    }
}

/// <summary>A file of the repository.</summary>
/// <param name="Path">Relative to the root.</param>
/// <param name="Text">Its content.</param>
internal sealed record SourceFile(string Path, string Text)
{
    public IReadOnlyList<string> Lines { get; } = Text.TrimEnd('\n').Split('\n');

    public override string ToString() => Path;
}
