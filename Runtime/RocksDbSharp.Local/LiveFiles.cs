using System.Runtime.InteropServices;
using RocksDbSharp.Handles;
using RocksDbSharp.Interop;

namespace RocksDbSharp;

/// <summary>Reads RocksDB's list of table files.</summary>
internal static class LiveFiles
{
    internal static List<LiveFileMetadata> Read(DatabaseHandle database, bool withData)
    {
        nint files = DatabaseApi.rocksdb_livefiles(database);
        try
        {
            int count = DatabaseApi.rocksdb_livefiles_count(files);
            var result = new List<LiveFileMetadata>(count);
            for (int i = 0; i < count; i++)
            {
                result.Add(new LiveFileMetadata
                {
                    FileMetadata = new FileMetadata
                    {
                        FileName = Text(DatabaseApi.rocksdb_livefiles_name(files, i)),
                        FileLevel = DatabaseApi.rocksdb_livefiles_level(files, i),
                        FileSize = DatabaseApi.rocksdb_livefiles_size(files, i),
                    },
                    FileDataMetadata = withData ? Data(files, i) : null,
                });
            }

            return result;
        }
        finally
        {
            DatabaseApi.rocksdb_livefiles_destroy(files);
        }
    }

    private static FileDataMetadata Data(nint files, int index) => new()
    {
        SmallestKeyInFile = Text(DatabaseApi.rocksdb_livefiles_smallestkey(files, index, out _)),
        LargestKeyInFile = Text(DatabaseApi.rocksdb_livefiles_largestkey(files, index, out _)),
        NumEntriesInFile = DatabaseApi.rocksdb_livefiles_entries(files, index),
        NumDeletionsInFile = DatabaseApi.rocksdb_livefiles_deletions(files, index),
    };

    private static string Text(nint text) => Marshal.PtrToStringUTF8(text) ?? "";
}
