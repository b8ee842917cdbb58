using FsCheck;
using FsCheck.Fluent;
using Sluice.Topology;

namespace Sluice.Tests.Topology;

public sealed class FailoverMachineTests
{
    private static readonly LogPosition Wanted = new(3, 100);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Later = Deadline + TimeSpan.FromMilliseconds(1);

    [Fact]
    public void A_target_that_has_everything_is_promoted()
    {
        var machine = Machine();
        machine.Step(new TargetAt(new(3, 90)), TimeSpan.Zero);
        Assert.Equal((FailoverStep.AskTarget, FailoverPhase.WaitingForSync), (machine.Next, machine.Phase));
        machine.Step(new TargetAt(Wanted), TimeSpan.Zero);
        Assert.Equal((FailoverStep.Promote, FailoverPhase.InProgress), (machine.Next, machine.Phase));
        machine.Step(new Promoted(), TimeSpan.Zero);
        Assert.Equal((FailoverStep.End, FailoverPhase.NoFailover, true), (machine.Next, machine.Phase, machine.Succeeded));
    }

    [Fact]
    public void A_target_of_another_history_is_not_promoted_at_the_same_sequence()
    {
        var machine = Machine();
        machine.Step(new TargetAt(new(2, 100)), TimeSpan.Zero);
        Assert.Equal(FailoverStep.AskTarget, machine.Next);
    }

    [Fact]
    public void A_target_that_is_late_leaves_everything_as_it_was()
    {
        var machine = Machine();
        machine.Step(new TargetAt(new(3, 90)), Deadline - TimeSpan.FromMilliseconds(1));
        machine.Step(new TargetFailed("no answer"), Later);
        Assert.Equal((FailoverStep.End, false), (machine.Next, machine.Succeeded));
        Assert.Contains("never caught up before timeout: 'b' stands at 3:90, the primary at 3:100. no answer", machine.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Force_promotes_a_late_target_if_it_was_heard_of_at_all()
    {
        var late = Machine(force: true);
        late.Step(new TargetAt(new(3, 90)), Later);
        Assert.Equal(FailoverStep.Promote, late.Next);
        var silent = Machine(force: true);
        silent.Step(new TargetFailed("no answer"), Later);
        Assert.Equal((FailoverStep.End, false), (silent.Next, silent.Succeeded));
    }

    [Fact]
    public void An_abort_counts_until_the_topology_was_asked()
    {
        var early = Machine();
        early.Step(new AbortOrdered(), TimeSpan.Zero);
        Assert.Equal(("Failover manually aborted.", FailoverStep.End), (early.Reason, early.Next));
        var late = Machine();
        late.Step(new TargetAt(Wanted), TimeSpan.Zero);
        late.Step(new AbortOrdered(), TimeSpan.Zero);
        late.Step(new Promoted(), TimeSpan.Zero);
        Assert.True(late.Succeeded);
    }

    [Fact]
    public void When_the_topology_does_not_answer_the_primary_asks_who_reigns_before_it_writes_again()
    {
        var machine = Machine();
        machine.Step(new TargetAt(Wanted), TimeSpan.Zero);
        machine.Step(new NoAnswer("time is over"), Later);
        Assert.Equal((FailoverStep.KeepReign, FailoverPhase.InProgress), (machine.Next, machine.Phase));
        machine.Step(new NoAnswer("time is over"), Later);
        machine.Step(new AbortOrdered(), Later);
        Assert.Equal(FailoverStep.KeepReign, machine.Next);
        machine.Step(new ReignEnded("b"), Later);
        Assert.Equal((FailoverStep.End, true), (machine.Next, machine.Succeeded));
    }

    /// <summary>
    /// Whatever happens in whatever order: writes go on (it has ended) without success only if the topology was never asked, has refused, or has given the primary a new reign; and
    /// without force nobody is promoted who had not everything.
    /// </summary>
    [Fact]
    public void Writes_never_go_on_while_a_promotion_may_still_come() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(5_000), Prop.ForAll(
        ArbMap.Default.ArbFor<(bool Force, (byte Kind, byte Value)[] Inputs)>(),
        story =>
        {
            var machine = Machine(story.Force);
            var now = TimeSpan.Zero;
            var asked = false;
            foreach (var (kind, value) in story.Inputs)
            {
                now += TimeSpan.FromMilliseconds(10 * value);
                var before = machine.Next;
                var input = Input(kind, value);
                machine.Step(input, now);
                if (before == FailoverStep.AskTarget && machine.Next == FailoverStep.Promote && !(input is TargetAt at && at.Position == Wanted) && !(story.Force && now >= Deadline))
                {
                    return false;
                }

                asked |= machine.Next == FailoverStep.Promote;
                if (before != FailoverStep.End && machine.Next == FailoverStep.End && asked && input is not (Promoted or PromotionRefused or ReignKept or ReignEnded))
                {
                    return false;
                }
            }

            return true;
        }));

    private static FailoverMachine Machine(bool force = false) => new("b", Wanted, Deadline, force);

    private static FailoverInput Input(byte kind, byte value) => (kind % 9) switch
    {
        0 => new TargetAt(new(3, value % 2 == 0 ? 100 : 90)),
        1 => new TargetFailed("no answer"),
        2 => new AbortOrdered(),
        3 => new TimePassed(),
        4 => new Promoted(),
        5 => new PromotionRefused("refused"),
        6 => new NoAnswer("no answer"),
        7 => new ReignKept(),
        _ => new ReignEnded(value % 2 == 0 ? "b" : "c"),
    };
}
