using System.Text.Json;
using Microsoft.Extensions.Options;

namespace Sluice.Persistence;

/// <summary>
/// Makes the data directory this process's own, and refuses one that belongs to another node or was written by a newer format. Held until the process ends.
/// </summary>
internal sealed class DataDirectoryLock : IDisposable
{
    /// <summary>The format of the directory as a whole; each part has a version of its own besides.</summary>
    public const int FormatVersion = 1;

    private readonly FileStream file;

    /// <summary>Takes the directory, and makes it when it is missing.</summary>
    /// <exception cref="OrderRefusedException">Another process has it, or it belongs to another node or to a newer version.</exception>
    public DataDirectoryLock(IOptions<NodeOptions> options)
    {
        var node = options.Value;
        var path = Path.Combine(node.DataDirectory, "LOCK");
        try
        {
            Directory.CreateDirectory(node.DataDirectory);
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OrderRefusedException($"The data directory '{node.DataDirectory}' cannot be used: {error.Message} If another node runs on it, stop that one or give this one a directory of its own with --data.", error);
        }

        try
        {
            CheckOwner(node);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private static void CheckOwner(NodeOptions node)
    {
        var path = Path.Combine(node.DataDirectory, "node.json");
        if (!File.Exists(path))
        {
            DurableFile.Replace(path, JsonSerializer.SerializeToUtf8Bytes(new Owner(node.Name, FormatVersion)));
            return;
        }

        var owner = JsonSerializer.Deserialize<Owner>(File.ReadAllBytes(path))
            ?? throw new OrderRefusedException($"'{path}' does not say whose data directory it is: restore it from a backup, or choose another --data.");
        if (owner.Format > FormatVersion)
        {
            throw new OrderRefusedException($"The data directory '{node.DataDirectory}' has format {owner.Format}, this version of Sluice reads up to {FormatVersion}: run the version that wrote it, or a newer one.");
        }

        if (!string.Equals(owner.Name, node.Name, StringComparison.Ordinal))
        {
            throw new OrderRefusedException($"The data directory '{node.DataDirectory}' belongs to node '{owner.Name}', not to '{node.Name}': start with --name {owner.Name}, or choose another --data.");
        }
    }

    private sealed record Owner(string Name, int Format);
}
