using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Sluice.Client;

internal sealed class SluiceNodes(IClusterGrains grains, TopologyCache topology) : ISluiceNodes
{
    /// <summary>So many shards of a node are digested side by side: enough to use its cores, few enough to leave it serving.</summary>
    private const int ConcurrentDigests = 2;

    public Task<ClusterTopology> GetTopologyAsync(CancellationToken cancellationToken) => topology.FetchAsync(cancellationToken);

    public async Task<IReadOnlyList<NodeState>> ListAsync(CancellationToken cancellationToken)
    {
        var current = await topology.FetchAsync(cancellationToken).ConfigureAwait(false);
        return await Task.WhenAll(current.Nodes.Select(address => StateAsync(address, cancellationToken))).ConfigureAwait(false);
    }

    public async Task<NodeReport> GetReportAsync(string node, CancellationToken cancellationToken)
    {
        var address = await FindAsync(node, cancellationToken).ConfigureAwait(false);
        return await ReportAsync(address.Name, cancellationToken).ConfigureAwait(false);
    }

    public async Task<IReadOnlyList<ConfigParameter>> GetParametersAsync(string node, string pattern, CancellationToken cancellationToken)
    {
        var address = await FindAsync(node, cancellationToken).ConfigureAwait(false);
        return await GrainCalls.AskAsync(Named(address.Name), () => grains.Node(address.Name).GetConfig(pattern).WaitAsync(cancellationToken))
            .ConfigureAwait(false);
    }

    public async Task SetParametersAsync(string node, ImmutableArray<ConfigParameter> parameters, CancellationToken cancellationToken)
    {
        var address = await FindAsync(node, cancellationToken).ConfigureAwait(false);
        await GrainCalls.AskAsync(Named(address.Name), () => grains.Node(address.Name).SetConfig(parameters).WaitAsync(cancellationToken))
            .ConfigureAwait(false);
    }

    public async Task<NodeDigest> ComputeDigestAsync(string node, CancellationToken cancellationToken)
    {
        var address = await FindAsync(node, cancellationToken).ConfigureAwait(false);
        var held = (await topology.FetchAsync(cancellationToken).ConfigureAwait(false)).HeldBy(address.Name).Select(shard => shard.Shard).Order().ToArray();
        var digests = new ShardDigestOfNode[held.Length];
        await Parallel.ForAsync(0, held.Length, new ParallelOptions { MaxDegreeOfParallelism = ConcurrentDigests, CancellationToken = cancellationToken }, async (i, token) =>
        {
            var key = new ReplicaKey(held[i], address.Name);
            var digest = await GrainCalls.AskAsync($"Shard {key}", () => grains.Shard(key).ComputeDigest().WaitAsync(token)).ConfigureAwait(false);
            digests[i] = new ShardDigestOfNode(key.Shard, digest);
        }).ConfigureAwait(false);
        return Combine(address.Name, digests);
    }

    /// <summary>The node of this name.</summary>
    /// <exception cref="UnknownNodeException">There is none.</exception>
    internal async Task<NodeAddress> FindAsync(string node, CancellationToken cancellationToken)
    {
        var current = await topology.GetAsync(cancellationToken).ConfigureAwait(false);
        if (current.FindNode(node) is null)
        {
            current = await topology.FetchAsync(cancellationToken).ConfigureAwait(false);
        }

        return current.FindNode(node) ?? throw new UnknownNodeException(current.Nodes.IsEmpty
            ? $"There is no node '{node}': no node has joined the cluster yet."
            : $"There is no node '{node}': the cluster has {string.Join(", ", current.Nodes.Select(known => known.Name))}.");
    }

    /// <summary>Checks that there is such a node and such a shard.</summary>
    /// <exception cref="UnknownNodeException">There is no such node.</exception>
    /// <exception cref="SluiceException">There is no such shard.</exception>
    internal async Task CheckAsync(ReplicaKey replica, CancellationToken cancellationToken)
    {
        await FindAsync(replica.Node, cancellationToken).ConfigureAwait(false);
        (await topology.GetAsync(cancellationToken).ConfigureAwait(false)).CheckShard(replica.Shard);
    }

    internal static string Named(string node) => $"Node '{node}'";

    private static NodeDigest Combine(string node, ShardDigestOfNode[] digests)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (shard, digest) in digests)
        {
            hash.AppendData(Encoding.ASCII.GetBytes($"{shard} {digest.Sha256.ToLowerInvariant()}\n"));
        }

        return new NodeDigest(
            node, [.. digests], digests.Sum(item => item.Digest.Keys), digests.Sum(item => item.Digest.Bytes), Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private async Task<NodeState> StateAsync(NodeAddress address, CancellationToken cancellationToken)
    {
        try
        {
            return new NodeState(address, await ReportAsync(address.Name, cancellationToken).ConfigureAwait(false), "");
        }
        catch (SluiceUnreachableException error)
        {
            return new NodeState(address, null, error.Message);
        }
    }

    private Task<NodeReport> ReportAsync(string node, CancellationToken cancellationToken) =>
        GrainCalls.AskAsync(Named(node), () => grains.Node(node).GetReport().WaitAsync(cancellationToken));
}
