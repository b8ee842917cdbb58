namespace Sluice.Bandwidth;

/// <summary>What decides when a full copy may begin.</summary>
/// <param name="Class">Its QoS class at present.</param>
/// <param name="ClassRank">The class's place in the class table: 0 the most urgent.</param>
/// <param name="LiveReplicas">How many replicas of its shard follow the primary at present.</param>
/// <param name="Pause">Whether it is paused.</param>
/// <param name="Egress">The sender's link.</param>
/// <param name="Ingress">The receiver's link.</param>
public sealed record SyncStanding(string Class, int ClassRank, int LiveReplicas, SyncPause Pause, LinkPlaces Egress, LinkPlaces Ingress);

/// <summary>How many full copies a link takes at once.</summary>
/// <param name="Name">The link's name for a person; one link, one name.</param>
/// <param name="Syncs">At least 1.</param>
public sealed record LinkPlaces(string Name, int Syncs);
