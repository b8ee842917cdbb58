using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Storage;

/// <summary>A part of a memory store: records by key. Lost with the silo that it is active on.</summary>
[Alias("Orleans.IMemoryStorageGrain")]
internal interface IMemoryStorageGrain : IGrainWithStringKey
{
    /// <summary>The record, or null.</summary>
    [Alias("Read")]
    Task<MemoryRecord?> ReadAsync(string key);

    /// <summary>Writes and returns the new ETag.</summary>
    [Alias("Write")]
    Task<string> WriteAsync(string key, string? etag, byte[] value);

    /// <summary>Removes the record.</summary>
    [Alias("Clear")]
    Task<bool> ClearAsync(string key, string? etag);
}

/// <summary>A state as a memory store keeps it.</summary>
[GenerateSerializer, Immutable, Alias("Orleans.MemoryRecord")]
internal sealed record MemoryRecord([property: Id(0)] string ETag, [property: Id(1)] byte[] Value);

/// <summary>The record has another ETag. Not an <see cref="InconsistentStateException"/>, which would end the grain that throws it.</summary>
[GenerateSerializer, Alias("Orleans.MemoryConflict")]
internal sealed class MemoryConflictException(string? storedETag) : Exception("The ETag differs.")
{
    [Id(0)]
    public string? StoredETag { get; } = storedETag;
}

/// <inheritdoc/>
[KeepAlive, GrainType("memorystorage")]
internal sealed class MemoryStorageGrain : Grain, IMemoryStorageGrain
{
    private readonly Dictionary<string, MemoryRecord> _records = [];
    private long _lastETag;

    public Task<MemoryRecord?> ReadAsync(string key) => Task.FromResult(_records.GetValueOrDefault(key));

    public Task<string> WriteAsync(string key, string? etag, byte[] value)
    {
        Check(key, etag);
        var next = (++_lastETag).ToString(CultureInfo.InvariantCulture);
        _records[key] = new MemoryRecord(next, value);
        return Task.FromResult(next);
    }

    public Task<bool> ClearAsync(string key, string? etag)
    {
        Check(key, etag);
        return Task.FromResult(_records.Remove(key));
    }

    private void Check(string key, string? etag)
    {
        var stored = _records.GetValueOrDefault(key)?.ETag;
        if (stored != etag && etag != "*")
        {
            throw new MemoryConflictException(stored);
        }
    }
}

/// <summary>A store in the memory of the cluster: states survive their grain's deactivation, but not the end of the silo that keeps them.</summary>
public sealed class MemoryGrainStorage(string name, IOptionsMonitor<MemoryGrainStorageOptions> options, IGrainFactory grains) : IGrainStorage
{
    private readonly uint _parts = (uint)Math.Max(1, options.Get(name).NumStorageGrains);

    /// <inheritdoc/>
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var record = await PartOf(grainId).ReadAsync($"{stateName}/{grainId}");
        grainState.RecordExists = record is not null;
        grainState.ETag = record?.ETag;
        grainState.State = record is null ? default : JsonSerializer.Deserialize<T>(record.Value, WireFormat.Options);
    }

    /// <inheritdoc/>
    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var value = JsonSerializer.SerializeToUtf8Bytes(grainState.State, WireFormat.Options);
        grainState.ETag = await Checked(PartOf(grainId).WriteAsync($"{stateName}/{grainId}", grainState.ETag, value), grainId, grainState.ETag);
        grainState.RecordExists = true;
    }

    /// <inheritdoc/>
    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await Checked(PartOf(grainId).ClearAsync($"{stateName}/{grainId}", grainState.ETag), grainId, grainState.ETag);
        grainState.RecordExists = false;
        grainState.ETag = null;
        grainState.State = default;
    }

    private static async Task<T> Checked<T>(Task<T> change, GrainId grain, string? etag)
    {
        try
        {
            return await change;
        }
        catch (MemoryConflictException conflict)
        {
            throw new InconsistentStateException($"The state of grain {grain} was written by somebody else since it was read.", conflict.StoredETag, etag, conflict);
        }
    }

    private IMemoryStorageGrain PartOf(GrainId grainId) => grains.GetGrain<IMemoryStorageGrain>($"{name}-{grainId.GetUniformHashCode() % _parts}");
}
