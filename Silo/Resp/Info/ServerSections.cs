using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Sluice.Configuration;

namespace Sluice.Silo.Resp.Info;

/// <summary>INFO server.</summary>
internal sealed class ServerSection(LiveConfiguration configuration, NodeRoleView role, INodeControl node, TimeProvider time) : IInfoSection
{
    private readonly long startedAt = time.GetTimestamp();

    /// <inheritdoc/>
    public string Name => "server";

    /// <inheritdoc/>
    public ValueTask WriteAsync(InfoFields fields)
    {
        var uptime = time.GetElapsedTime(startedAt);
        fields
            .Add("redis_version", Compatibility.RedisVersion)
            .Add("redis_mode", "standalone")
            .Add("sluice_version", ProductVersion.Text)
            .Add("os", RuntimeInformation.OSDescription)
            .Add("arch_bits", IntPtr.Size * 8)
            .Add("multiplexing_api", "kestrel")
            .Add("dotnet_version", Environment.Version.ToString())
            .Add("process_id", Environment.ProcessId)
            .Add("run_id", role.Topology.ClusterId.ToString("N").PadRight(40, '0'))
            .Add("node_name", node.Name)
            .Add("coordinator", role.Topology.Coordinator)
            .Add("coordinator_term", role.Topology.Term)
            .Add("tcp_port", configuration.Port)
            .Add("server_time_usec", (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond)
            .Add("uptime_in_seconds", (long)uptime.TotalSeconds)
            .Add("uptime_in_days", uptime.Days)
            .Add("executable", Environment.ProcessPath ?? "")
            .Add("config_file", configuration.Path ?? "");
        return ValueTask.CompletedTask;
    }
}

/// <summary>INFO clients.</summary>
internal sealed class ClientsSection(ClientRegistry clients, LiveConfiguration configuration) : IInfoSection
{
    /// <inheritdoc/>
    public string Name => "clients";

    /// <inheritdoc/>
    public ValueTask WriteAsync(InfoFields fields)
    {
        fields
            .Add("connected_clients", clients.Count)
            .Add("cluster_connections", 0)
            .Add("maxclients", configuration.MaxClients)
            .Add("client_recent_max_input_buffer", clients.All.Select(client => client.PendingBytes).DefaultIfEmpty().Max())
            .Add("blocked_clients", 0);
        return ValueTask.CompletedTask;
    }
}

/// <summary>INFO memory.</summary>
internal sealed class MemorySection(INodeControl node) : IInfoSection
{
    /// <inheritdoc/>
    public string Name => "memory";

    /// <inheritdoc/>
    public async ValueTask WriteAsync(InfoFields fields)
    {
        var report = await node.GetReportAsync();
        var managed = GC.GetTotalMemory(forceFullCollection: false);
        var used = managed + report.EngineMemoryBytes;
        fields
            .Add("used_memory", used)
            .Add("used_memory_human", MemorySize.ToHuman(used))
            .Add("used_memory_rss", report.ResidentBytes)
            .Add("used_memory_rss_human", MemorySize.ToHuman(report.ResidentBytes))
            .Add("used_memory_managed", managed)
            .Add("used_memory_rocksdb", report.EngineMemoryBytes)
            .Add("total_system_memory", GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)
            .Add("maxmemory", 0)
            .Add("maxmemory_human", "0B")
            .Add("maxmemory_policy", "noeviction")
            .Add("mem_allocator", "dotnet+rocksdb");
    }
}

/// <summary>INFO persistence.</summary>
internal sealed class PersistenceSection(INodeControl node) : IInfoSection
{
    /// <inheritdoc/>
    public string Name => "persistence";

    /// <inheritdoc/>
    public async ValueTask WriteAsync(InfoFields fields)
    {
        var report = await node.GetReportAsync();
        fields
            .Add("loading", false)
            .Add("async_loading", false)
            .Add("rdb_changes_since_last_save", 0)
            .Add("rdb_bgsave_in_progress", false)
            .Add("rdb_last_bgsave_status", "ok")
            .Add("aof_enabled", true)
            .Add("aof_rewrite_in_progress", false)
            .Add("aof_last_write_status", "ok")
            .Add("disk_bytes", report.Shards.Sum(shard => shard.DiskBytes))
            .Add("snapshots", report.Shards.Sum(shard => shard.Snapshots))
            .Add("snapshot_leases", report.Shards.Sum(shard => shard.SnapshotLeases))
            .Add("snapshot_held_bytes", report.Shards.Sum(shard => shard.SnapshotHeldBytes));
    }
}

/// <summary>INFO stats.</summary>
internal sealed class StatsSection(GatewayStatistics statistics) : IInfoSection
{
    /// <inheritdoc/>
    public string Name => "stats";

    /// <inheritdoc/>
    public ValueTask WriteAsync(InfoFields fields)
    {
        fields
            .Add("total_connections_received", statistics.Connections)
            .Add("total_commands_processed", statistics.Commands)
            .Add("instantaneous_ops_per_sec", statistics.CommandsPerSecond)
            .Add("total_net_input_bytes", statistics.InputBytes)
            .Add("total_net_output_bytes", statistics.OutputBytes)
            .Add("rejected_connections", statistics.Rejected)
            .Add("protocol_errors", statistics.ProtocolErrors);
        return ValueTask.CompletedTask;
    }
}

/// <summary>INFO cpu.</summary>
internal sealed class CpuSection : IInfoSection
{
    /// <inheritdoc/>
    public string Name => "cpu";

    /// <inheritdoc/>
    public ValueTask WriteAsync(InfoFields fields)
    {
        using var process = Process.GetCurrentProcess();
        fields
            .Add("used_cpu_sys", process.PrivilegedProcessorTime.TotalSeconds, 6)
            .Add("used_cpu_user", process.UserProcessorTime.TotalSeconds, 6);
        return ValueTask.CompletedTask;
    }
}

/// <summary>INFO keyspace: RocksDB's estimates, because counting takes as long as there are keys; DBSIZE counts.</summary>
internal sealed class KeyspaceSection(INodeControl node) : IInfoSection
{
    /// <inheritdoc/>
    public string Name => "keyspace";

    /// <inheritdoc/>
    public async ValueTask WriteAsync(InfoFields fields)
    {
        var keys = (await node.GetReportAsync()).Shards.Sum(shard => shard.EstimatedKeys);
        if (keys > 0)
        {
            fields.Add("db0", string.Create(CultureInfo.InvariantCulture, $"keys={keys},expires=0,avg_ttl=0"));
        }
    }
}
