using FsCheck;
using FsCheck.Fluent;
using Sluice.Topology;

namespace Sluice.Tests.Topology;

public sealed class FenceTests
{
    [Fact]
    public void A_primary_writes_only_after_its_epochs_record_is_durable()
    {
        var fence = new Fence();
        Assert.False(fence.MayWrite);
        fence.Assign(ReplicaRole.Primary, 3);
        Assert.False(fence.MayWrite);
        fence.Begin(3);
        Assert.True(fence.MayWrite);
    }

    [Fact]
    public void A_primary_that_hears_of_a_higher_epoch_stops_and_an_old_assignment_does_not_bring_it_back()
    {
        var fence = Primary(3);

        Assert.False(fence.Hear(3));
        Assert.True(fence.Hear(5));
        Assert.False(fence.Hear(6));

        Assert.True(fence.IsFenced);
        Assert.False(fence.Assign(ReplicaRole.Primary, 3));
        Assert.False(fence.Assign(ReplicaRole.Primary, 5));
        Assert.False(fence.MayWrite);
    }

    [Fact]
    public void A_new_reign_begins_anew()
    {
        var fence = Primary(3);

        Assert.True(fence.Assign(ReplicaRole.Primary, 4));
        Assert.False(fence.MayWrite);
        fence.Begin(4);
        Assert.True(fence.MayWrite);
    }

    [Fact]
    public void Nobody_but_the_primary_of_the_highest_epoch_that_was_heard_of_writes() => Check.QuickThrowOnFailure(Prop.ForAll(
        ArbMap.Default.ArbFor<(int Kind, int Epoch)[]>(),
        events =>
        {
            var fence = new Fence();
            var highest = 0L;
            foreach (var (kind, number) in events)
            {
                var epoch = Math.Abs((long)number % 8) + 1;
                switch (Math.Abs(kind % 4))
                {
                    case 0:
                        fence.Assign(ReplicaRole.Primary, epoch);
                        highest = Math.Max(highest, epoch);
                        break;
                    case 1:
                        fence.Assign(ReplicaRole.Replica, epoch);
                        highest = Math.Max(highest, epoch);
                        break;
                    case 2:
                        fence.Hear(epoch);
                        highest = Math.Max(highest, epoch);
                        break;
                    default:
                        fence.Begin(epoch);
                        break;
                }

                if (fence.MayWrite && (fence.Role != ReplicaRole.Primary || fence.Epoch != highest))
                {
                    return false;
                }
            }

            return true;
        }));

    private static Fence Primary(long epoch)
    {
        var fence = new Fence();
        fence.Assign(ReplicaRole.Primary, epoch);
        fence.Begin(epoch);
        return fence;
    }
}
