using Sluice.Silo.Resp;

namespace Sluice.Tests.Resp;

/// <summary>What bounds the memory of rounds.</summary>
public class RoundBudgetTests
{
    [Fact]
    public void A_round_takes_more_commands_while_replies_are_small_and_fewer_when_they_are_large()
    {
        var budget = new RoundBudget();
        Assert.Equal(64, budget.Commands);
        for (var i = 0; i < 10; i++)
        {
            budget.Learn(budget.Commands, 1000);
        }

        Assert.Equal(RoundBudget.MaxCommands, budget.Commands);
        budget.Learn(1000, 4 * RoundBudget.TargetReplyBytes);
        Assert.Equal(250, budget.Commands);
        budget.Learn(1, 512L << 20);
        Assert.Equal(1, budget.Commands);
        budget.Learn(1, 10);
        Assert.Equal(2, budget.Commands);
    }

    [Fact]
    public void A_short_pipeline_leaves_the_budget_as_it_is()
    {
        var budget = new RoundBudget();
        budget.Learn(16, 100);
        Assert.Equal(64, budget.Commands);
    }

    [Fact]
    public void A_collection_is_asked_for_each_time_that_much_has_passed_in_large_rounds_and_gives_memory_back_after_huge_ones()
    {
        var time = new ManualTimeProvider();
        var collections = new List<bool>();
        using var payloads = new LargePayloads(time, collections.Add);
        for (var i = 0; i < 1000; i++)
        {
            payloads.Passed(LargePayloads.LargeRoundBytes - 1);
        }

        for (var passed = 0L; passed + LargePayloads.LargeRoundBytes < LargePayloads.CollectEveryBytes; passed += LargePayloads.LargeRoundBytes)
        {
            payloads.Passed(LargePayloads.LargeRoundBytes);
        }

        time.Advance(LargePayloads.Delay);
        Assert.Empty(collections);
        payloads.Passed(LargePayloads.LargeRoundBytes);
        Assert.Empty(collections);
        time.Advance(LargePayloads.Delay);
        Assert.Equal([false], collections);
        payloads.Passed(LargePayloads.CollectEveryBytes);
        time.Advance(LargePayloads.Delay);
        Assert.Equal([false, true], collections);
    }
}
