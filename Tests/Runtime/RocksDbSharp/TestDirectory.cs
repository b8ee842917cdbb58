namespace Sluice.Tests.Runtime.RocksDbSharp;

/// <summary>A directory below the system's temporary one, removed with all it holds.</summary>
internal sealed class TestDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("rocksdbsharp-");

    public string this[string name] => Path.Combine(_directory.FullName, name);

    public void Dispose() => _directory.Delete(recursive: true);
}
