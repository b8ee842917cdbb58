using System.Security.Cryptography;
using System.Text.Json;
using Orleans.Runtime;
using Orleans.Storage;

namespace Sluice.Persistence;

/// <summary>
/// Grain state in the node's data directory, one JSON file a grain: for grains that are placed where their state is. A write is whole or not at all (temporary
/// file, fsync, rename, fsync of the directory). The ETag is a hash of the file's content, so that a file changed by another activation is noticed.
/// </summary>
/// <param name="directory">Where the files are; made when missing.</param>
internal sealed class FileGrainStorage(string directory) : IGrainStorage
{
    /// <summary>The name under which the node-local storage is registered.</summary>
    public const string Name = "node";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    /// <inheritdoc/>
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (await ReadAsync(PathOf(stateName, grainId)) is not { } content)
        {
            grainState.RecordExists = false;
            grainState.ETag = null!;
            return;
        }

        grainState.State = JsonSerializer.Deserialize<T>(content, Json)
            ?? throw new InvalidDataException($"'{PathOf(stateName, grainId)}' holds no state; restore it from a backup or remove it.");
        grainState.ETag = ETagOf(content);
        grainState.RecordExists = true;
    }

    /// <inheritdoc/>
    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var path = PathOf(stateName, grainId);
        await CheckETagAsync(path, grainState.ETag);
        var content = JsonSerializer.SerializeToUtf8Bytes(grainState.State, Json);
        Directory.CreateDirectory(directory);
        DurableFile.Replace(path, content);
        grainState.ETag = ETagOf(content);
        grainState.RecordExists = true;
    }

    /// <inheritdoc/>
    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var path = PathOf(stateName, grainId);
        await CheckETagAsync(path, grainState.ETag);
        File.Delete(path);
        grainState.ETag = null!;
        grainState.RecordExists = false;
    }

    private static async Task<byte[]?> ReadAsync(string path) => File.Exists(path) ? await File.ReadAllBytesAsync(path) : null;

    private static string ETagOf(byte[] content) => Convert.ToHexString(SHA256.HashData(content), 0, 16);

    private static async Task CheckETagAsync(string path, string? expected)
    {
        var stored = await ReadAsync(path) is { } content ? ETagOf(content) : null;
        if (!string.Equals(stored, expected, StringComparison.Ordinal))
        {
            throw new InconsistentStateException($"'{path}' was changed by another activation.", stored ?? "none", expected ?? "none");
        }
    }

    private string PathOf(string stateName, GrainId grainId) =>
        Path.Combine(directory, $"{stateName}-{Uri.EscapeDataString(grainId.Key.ToString() ?? "")}.json");
}
