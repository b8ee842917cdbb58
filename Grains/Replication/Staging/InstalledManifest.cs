using Sluice.Persistence;

namespace Sluice.Replication;

/// <summary>
/// The file <see cref="FileName"/> in a replica's live directory: the manifest of the copy that was installed there, as <see cref="ManifestEncoding"/> has it, with no transfer. It tells which of the directory's
/// files came from which database under which checksum. The database changes after the copy, but a table or blob file that still exists is what it was: RocksDB changes none, and uses no name twice.
/// </summary>
public static class InstalledManifest
{
    /// <summary>The file's name.</summary>
    public const string FileName = "sluice-manifest";

    /// <summary>Writes the file; it is durable when this ends.</summary>
    public static void Write(string directory, SnapshotManifest manifest) =>
        DurableFile.Replace(Path.Combine(directory, FileName), ManifestEncoding.Write(new SnapshotLease { Id = Guid.Empty, Manifest = manifest, Transfer = [] }));

    /// <summary>Reads the file. Null when there is none, or none that can be read: then nothing is known of the directory's files, and nothing is lost but bytes on the wire.</summary>
    public static SnapshotManifest? Read(string directory)
    {
        var file = new FileInfo(Path.Combine(directory, FileName));
        if (!file.Exists || file.Length > ManifestEncoding.MaxBytes)
        {
            return null;
        }

        try
        {
            return ManifestEncoding.Read(File.ReadAllBytes(file.FullName), Guid.Empty, TimeSpan.Zero).Manifest;
        }
        catch (Exception error) when (error is InvalidManifestException or IOException)
        {
            return null;
        }
    }

    /// <summary>Whether a file never changes as long as it exists: a table or a blob file. All others of a database are written to, or written anew under the same name.</summary>
    public static bool NeverChanges(string name) => name.EndsWith(".sst", StringComparison.Ordinal) || name.EndsWith(".blob", StringComparison.Ordinal);
}
