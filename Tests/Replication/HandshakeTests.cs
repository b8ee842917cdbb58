using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed class HandshakeTests
{
    private static readonly HelloBody Hello = new([.. Enumerable.Range(0, 32).Select(n => (byte)n)], "node-b");
    private static readonly byte[] Nonce = [.. Enumerable.Range(100, 32).Select(n => (byte)n)];

    [Fact]
    public void A_proof_changes_with_role_secret_nonces_and_names()
    {
        var proofs = new List<byte[]>
        {
            Handshake.ListenerProof("secret", Hello, Nonce, "node-a"),
            Handshake.SubscriberProof("secret", Hello, Nonce, "node-a"),
            Handshake.ListenerProof("", Hello, Nonce, "node-a"),
            Handshake.ListenerProof("Secret", Hello, Nonce, "node-a"),
            Handshake.ListenerProof("secret", Hello, Nonce, "node-c"),
            Handshake.ListenerProof("secret", Hello with { Node = "node-c" }, Nonce, "node-a"),
            Handshake.ListenerProof("secret", Hello with { Nonce = Nonce }, Nonce, "node-a"),
            Handshake.ListenerProof("secret", Hello, Hello.Nonce, "node-a"),
            Handshake.ListenerProof("secret", Hello with { Node = "node-bn" }, Nonce, "ode-a"),
        };
        Assert.Equal(proofs.Count, proofs.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void The_same_inputs_prove_the_same()
    {
        Assert.True(Handshake.Matches(Handshake.ListenerProof("s", Hello, Nonce, "a"), Handshake.ListenerProof("s", Hello, Nonce, "a")));
        Assert.NotEqual(Handshake.MakeNonce(), Handshake.MakeNonce());
    }
}
