using System.Security.Cryptography;
using System.Text;

namespace Sluice.Replication;

/// <summary>
/// How two nodes prove to each other that they know the shared secret, without sending it. Each proof is HMAC-SHA256, keyed with the secret, over the prover's role, both nonces and
/// both nodes' names. The role keeps a proof from being sent back to where it came from; the nonces keep it from being used twice. Without a secret the key is
/// empty: then anybody who reaches the port may read, as Redis without a password. The bytes that follow are neither encrypted nor signed.
/// </summary>
public static class Handshake
{
    private static readonly byte[] ListenerLabel = "sluice-replication-1 listener\0"u8.ToArray();
    private static readonly byte[] SubscriberLabel = "sluice-replication-1 subscriber\0"u8.ToArray();

    /// <summary>32 random bytes from the system.</summary>
    public static byte[] MakeNonce() => RandomNumberGenerator.GetBytes(Frame.NonceBytes);

    /// <summary>The listener's proof.</summary>
    public static byte[] ListenerProof(string secret, HelloBody hello, byte[] listenerNonce, string listenerNode) =>
        Prove(ListenerLabel, secret, hello, listenerNonce, listenerNode);

    /// <summary>The subscriber's proof.</summary>
    public static byte[] SubscriberProof(string secret, HelloBody hello, byte[] listenerNonce, string listenerNode) =>
        Prove(SubscriberLabel, secret, hello, listenerNonce, listenerNode);

    /// <summary>Compares two proofs in a time that does not tell where they differ.</summary>
    public static bool Matches(byte[] expected, byte[] given) => CryptographicOperations.FixedTimeEquals(expected, given);

    private static byte[] Prove(byte[] label, string secret, HelloBody hello, byte[] listenerNonce, string listenerNode)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hmac.AppendData(label);
        hmac.AppendData(hello.Nonce);
        hmac.AppendData(listenerNonce);

        // The names differ in length; a zero byte, which no name has, parts them.
        hmac.AppendData(Encoding.UTF8.GetBytes(hello.Node + "\0" + listenerNode));
        return hmac.GetHashAndReset();
    }
}
