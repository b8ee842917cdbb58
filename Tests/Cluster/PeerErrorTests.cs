using System.Net.Sockets;
using Sluice.Replication;

namespace Sluice.Tests.Cluster;

public class PeerErrorTests
{
    public static TheoryData<Exception, bool> Errors => new()
    {
        { new ReplicationConnectionException("A closed the connection before the stream was complete."), false },
        { new ShardUnavailableException("A no longer holds the snapshot."), false },
        { new TimeoutException("no answer"), false },
        { new SocketException((int)SocketError.ConnectionReset), false },
        { new IOException("Unable to read data.", new SocketException((int)SocketError.ConnectionReset)), false },
        { new IOException("No space left on device"), true },
        { new InvalidOperationException("a mistake of our own"), true },
        { new NullReferenceException(), true },
    };

    [Theory]
    [MemberData(nameof(Errors), DisableDiscoveryEnumeration = true)]
    public void Only_an_error_that_no_peer_explains_is_logged_with_its_stack(Exception error, bool withStack) =>
        Assert.Same(withStack ? error : null, PeerError.Unexpected(error));
}
