namespace Sluice;

/// <summary>
/// Commands that a gateway sends to shards in a <see cref="CommandBatch"/> and that no client may send: they move a key from one shard to another
/// (RENAME across shards). A <i>record</i> is a key's value with its type and expiry in the partition's own encoding; nobody but the partition looks into it.
/// An empty record stands for "no such key", and an expired key is no key.
/// </summary>
public static class InternalCommands
{
    /// <summary><c>SLUICE.READ key</c>: the key's record as a bulk string, or null when there is no such key.</summary>
    public const string Read = "SLUICE.READ";

    /// <summary><c>SLUICE.STORE key record</c>: makes the record the key's, whatever was there. <c>+OK</c></summary>
    public const string Store = "SLUICE.STORE";

    /// <summary>
    /// <c>SLUICE.SWAP key expected record</c>: makes the record the key's if its record still equals <c>expected</c>: <c>:1</c>, otherwise <c>:0</c>.
    /// Either may be empty: expecting no such key, or deleting it.
    /// </summary>
    public const string Swap = "SLUICE.SWAP";
}
