namespace Sluice.Client;

/// <summary>
/// A Sluice cluster, seen by a .NET program. Safe for concurrent use. Every call throws <see cref="SluiceException"/> or a type derived from it when
/// it fails, <see cref="OrderRefusedException"/> when the cluster will not carry out an order.
/// </summary>
public interface ISluiceClient
{
    /// <summary>Reads and writes strings.</summary>
    ISluiceStrings Strings { get; }

    /// <summary>Adds, removes and lists replicas.</summary>
    ISluiceReplicas Replicas { get; }

    /// <summary>Lists and watches syncs.</summary>
    ISluiceSyncs Syncs { get; }

    /// <summary>Shows and limits bandwidth.</summary>
    ISluiceBandwidth Bandwidth { get; }

    /// <summary>Nodes: topology, reports, parameters, digests.</summary>
    ISluiceNodes Nodes { get; }
}
