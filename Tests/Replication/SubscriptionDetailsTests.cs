using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed class SubscriptionDetailsTests
{
    [Fact]
    public void The_text_is_read_back()
    {
        var details = new SubscriptionDetails(new ReplicaKey(3, "node b"), QosClass.Urgent);
        Assert.Equal(details, SubscriptionDetails.Parse(details.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("3@b")]
    [InlineData("3@b ")]
    [InlineData(" normal")]
    [InlineData("b normal")]
    public void Another_text_is_refused(string text) => Assert.Throws<FormatException>(() => SubscriptionDetails.Parse(text));
}
