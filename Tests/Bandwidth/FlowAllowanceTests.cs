using FsCheck;
using FsCheck.Fluent;
using Sluice.Bandwidth;

namespace Sluice.Tests.Bandwidth;

public sealed class FlowAllowanceTests
{
    [Theory]
    [InlineData(0, 0, 0, 0, 0, FlowHold.None)]
    [InlineData(0, 0, 10, 50, 50, FlowHold.Delay)]
    [InlineData(40, 0, 10, 50, 40, FlowHold.Share)]
    [InlineData(40, 30, 10, 50, 30, FlowHold.Limit)]
    [InlineData(5, 0, 10, 50, 10, FlowHold.Floor)]
    [InlineData(40, 0, 10, 5, 10, FlowHold.Floor)]
    [InlineData(5, 7, 10, 50, 7, FlowHold.Limit)]
    [InlineData(0, 7, 10, 0, 7, FlowHold.Limit)]
    public void The_pacing_rate_is_the_least_of_limit_share_and_controller_but_not_below_the_floor(long share, long limit, long floor, long controller, long rate, FlowHold hold) =>
        Assert.Equal((rate, hold), new FlowAllowance(share, limit, floor).Pacing(controller));

    [Fact]
    public void A_probe_goes_above_share_and_controller_but_never_above_the_limit()
    {
        Assert.Equal(50, new FlowAllowance(40, 0, 10).Pacing(1000, 50).BytesPerSecond);
        Assert.Equal(45, new FlowAllowance(40, 45, 10).Pacing(1000, 50).BytesPerSecond);
    }

    [Fact]
    public void No_limit_is_ever_exceeded() => Prop.ForAll(
        Gen.Choose(0, 1000).Four().ToArbitrary(),
        given =>
        {
            var (share, limit, controller, probe) = given;
            var (rate, _) = new FlowAllowance(share, limit, 65536).Pacing(controller, probe);
            return limit == 0 || (rate > 0 && rate <= limit);
        }).QuickCheckThrowOnFailure();
}
