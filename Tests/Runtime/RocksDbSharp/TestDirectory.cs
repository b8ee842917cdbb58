using RocksDbSharp;

namespace Sluice.Tests.Runtime.RocksDbSharp;

/// <summary>A directory below the system's temporary one, removed with all it holds; and databases in it.</summary>
internal sealed class TestDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("rocksdbsharp-");

    public string this[string name] => Path.Combine(_directory.FullName, name);

    /// <summary>Opens or creates a database with the column families 'default', 'one' and 'two', whose log is kept.</summary>
    public RocksDb Open(string name) => RocksDb.Open(
        new DbOptions().SetCreateIfMissing().SetCreateMissingColumnFamilies().SetWalTtlSeconds(3600).SetKeepLogFileNum(1), this[name], Families());

    public static ColumnFamilies Families() => new()
    {
        { "one", new ColumnFamilyOptions() },
        { "two", new ColumnFamilyOptions() },
    };

    /// <summary>All entries of all three column families, as 'family/key=value' in hexadecimal.</summary>
    public static List<string> Contents(RocksDb database)
    {
        var contents = new List<string>();
        foreach (string family in new[] { "default", "one", "two" })
        {
            using Iterator iterator = database.NewIterator(database.GetColumnFamily(family));
            for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next())
            {
                contents.Add($"{family}/{Convert.ToHexString(iterator.GetKeySpan())}={Convert.ToHexString(iterator.GetValueSpan())}");
            }

            Native.Instance.rocksdb_iter_get_error(iterator.Handle);
        }

        return contents;
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
