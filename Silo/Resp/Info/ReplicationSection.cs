namespace Sluice.Silo.Resp.Info;

/// <summary>INFO replication, in Redis' field names.</summary>
internal sealed class ReplicationSection(INodeControl node, NodeRoleView role, TimeProvider time) : IInfoSection
{
    /// <inheritdoc/>
    public string Name => "replication";

    /// <inheritdoc/>
    public async ValueTask WriteAsync(InfoFields fields)
    {
        var state = new ReplicationState(await node.GetReportAsync(), role, time.GetUtcNow());
        fields.Add("role", state.Primary is null ? "master" : "slave");
        if (state.Primary is { } primary)
        {
            WriteLink(fields, state, primary);
        }

        var followers = state.Followers;
        fields.Add("connected_slaves", followers.Count);
        for (var i = 0; i < followers.Count; i++)
        {
            var follower = followers[i];
            fields.Add($"slave{i}", FormattableString.Invariant($"ip={follower.Host},port={follower.Port},state={follower.State},offset={follower.Offset},lag={follower.LagSeconds},lag_sequences={follower.LagSequences},lag_bytes={follower.LagBytes},lag_ms={follower.LagMilliseconds}"));
        }

        fields
            .Add("repl_backpressure_bytes_per_second", state.BackpressureBytesPerSecond)
            .Add("repl_backpressure_delay_ms", state.BackpressureDelayMilliseconds)
            .Add("master_failover_state", state.FailoverState)
            .Add("master_replid", role.Topology.ClusterId.ToString("N").PadRight(40, '0'))
            .Add("master_replid2", new string('0', 40))
            .Add("master_repl_offset", state.Offset)
            .Add("second_repl_offset", -1)
            .Add("repl_backlog_active", true)
            .Add("repl_backlog_size", 0)
            .Add("repl_backlog_first_byte_offset", 0)
            .Add("repl_backlog_histlen", 0);
    }

    private static void WriteLink(InfoFields fields, ReplicationState state, NodeAddress primary)
    {
        fields
            .Add("master_host", primary.Host)
            .Add("master_port", primary.RespPort)
            .Add("master_link_status", state.IsUp ? "up" : "down")
            .Add("master_last_io_seconds_ago", state.LastIoSeconds)
            .Add("master_sync_in_progress", state.IsCopying)
            .Add("slave_read_repl_offset", state.Offset)
            .Add("slave_repl_offset", state.Offset);
        if (state.IsCopying)
        {
            var total = state.TotalBytes;
            var read = state.ReceivedBytes;
            fields
                .Add("master_sync_total_bytes", total)
                .Add("master_sync_read_bytes", read)
                .Add("master_sync_left_bytes", total - read)
                .Add("master_sync_perc", total == 0 ? 0 : 100.0 * read / total, 2)
                .Add("master_sync_last_io_seconds_ago", state.LastIoSeconds);
        }

        if (!state.IsUp)
        {
            fields.Add("master_link_down_since_seconds", state.LastIoSeconds);
        }

        fields.Add("slave_priority", 100).Add("slave_read_only", true).Add("replica_announced", true);
    }
}
