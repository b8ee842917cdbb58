using Orleans;

namespace Sluice.Tests.Runtime.Orleans;

public sealed class OneSilo : IAsyncLifetime
{
    public TestCluster Cluster { get; } = new(1);

    public IGrainFactory Grains => Cluster.Primary.Grains;

    public Task InitializeAsync() => Cluster.InitializeAsync();

    public Task DisposeAsync() => Cluster.DisposeAsync();
}

public sealed class TurnTests(OneSilo silo) : IClassFixture<OneSilo>
{
    private readonly string _key = Guid.NewGuid().ToString("N");

    private IGateGrain Gate => silo.Grains.GetGrain<IGateGrain>(_key, typeof(GateGrain).FullName);

    [Fact]
    public async Task A_request_waits_until_the_one_before_has_ended()
    {
        var first = Gate.Pass("1");
        await Begun("1");
        var second = Gate.Pass("2");
        await AssertNotBegun("2");
        Go("1");
        await first;
        await Begun("2");
        Go("2");
        await second;
    }

    [Fact]
    public async Task An_always_interleaving_request_runs_beside_any_other()
    {
        var first = Gate.Pass("1");
        await Begun("1");
        Go("2");
        await Gate.PassInterleaving("2");
        Assert.False(first.IsCompleted);
        Go("1");
        await first;
    }

    [Fact]
    public async Task Read_only_requests_run_beside_each_other_but_not_beside_others()
    {
        var reader = Gate.PassReading("1");
        await Begun("1");
        Go("2");
        await Gate.PassReading("2");
        var writer = Gate.Pass("3");
        await AssertNotBegun("3");
        Go("1");
        await reader;
        await Begun("3");
        var late = Gate.PassReading("4");
        await AssertNotBegun("4");
        Go("3");
        Go("4");
        await Task.WhenAll(writer, late);
    }

    [Fact]
    public async Task The_requests_of_a_reentrant_grain_interleave()
    {
        var gate = silo.Grains.GetGrain<IReentrantGateGrain>(_key);
        var first = gate.Pass("1");
        await Begun("1");
        Go("2");
        await gate.Pass("2");
        Assert.False(first.IsCompleted);
        Go("1");
        await first;
    }

    [Fact]
    public async Task A_timer_does_not_tick_within_a_request_nor_a_request_within_a_tick()
    {
        var request = Gate.Pass("1");
        await Begun("1");
        var timer = Gate.StartTimer("tick", interleave: false);
        Go("1");
        await Task.WhenAll(request, timer);
        await Begun("tick");
        var after = Gate.Pass("2");
        await AssertNotBegun("2");
        Go("tick");
        await Begun("2");
        Go("2");
        await after;
    }

    [Fact]
    public async Task An_interleaving_timer_ticks_within_a_request()
    {
        await Gate.StartTimer("tick", interleave: true);
        await Begun("tick");
        Go("1");
        await Gate.Pass("1");
        Go("tick");
    }

    [Fact]
    public async Task Code_after_an_await_runs_on_the_grains_scheduler() => Assert.True(await Gate.ContinuesOnItsScheduler());

    [Fact]
    public async Task Tasks_started_on_a_grains_scheduler_by_others_run_one_at_a_time() => Assert.Equal(2000, await Gate.RunForeignTurns(2000));

    [Fact]
    public async Task A_call_that_is_not_answered_in_time_fails_with_a_timeout()
    {
        var timeout = await Assert.ThrowsAsync<TimeoutException>(() => Gate.PassWithin("1"));
        Assert.Contains("PassWithin", timeout.Message, StringComparison.Ordinal);
        Go("1");
    }

    [Fact]
    public async Task A_request_that_timed_out_before_it_began_is_not_run()
    {
        var first = Gate.Pass("1");
        await Begun("1");
        await Assert.ThrowsAsync<TimeoutException>(() => Gate.PassWithin("2"));
        Go("1");
        await first;
        Go("3");
        await Gate.Pass("3");
        Assert.False(Signals.IsRaised($"{_key}/2/begun"));
    }

    [Fact]
    public async Task A_one_way_call_ends_before_its_request_does()
    {
        await Gate.Tell("1");
        await Begun("1");
        Go("1");
    }

    [Fact]
    public async Task Cancellation_reaches_the_grain_as_one_of_its_turns()
    {
        using var cancellation = new CancellationTokenSource();
        var call = Gate.PassUnless("1", cancellation.Token);
        await Begun("1");
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Signals.Await($"{_key}/1/cancelled");
    }

    [Fact]
    public async Task Requests_that_wait_while_a_grain_deactivates_go_to_its_next_activation()
    {
        var leaving = Gate.Leave("1");
        await Begun("1");
        Go("2");
        var waiting = Gate.Pass("2");
        Assert.False(Signals.IsRaised($"{_key}/2/begun"));
        Go("1");
        await leaving;
        await waiting;
        Assert.True(Signals.IsRaised($"{_key}/deactivated/ApplicationRequested"));
    }

    [Fact]
    public async Task A_tick_that_waits_while_a_grain_deactivates_ends_with_it_and_holds_nothing_up()
    {
        var leaving = Gate.LeaveAmidTicks("1");
        await Begun("1");
        Go("2");
        var waiting = Gate.Pass("2");
        Go("1");
        await leaving;
        await waiting;
        Assert.False(Signals.IsRaised($"{_key}/tick/begun"));
    }

    private Task Begun(string id) => Signals.Await($"{_key}/{id}/begun");

    private void Go(string id) => Signals.Raise($"{_key}/{id}/go");

    // An interleaving request sent later has run: the other had its chance to begin.
    private async Task AssertNotBegun(string id)
    {
        var probe = Guid.NewGuid().ToString("N");
        Go(probe);
        await Gate.PassInterleaving(probe);
        Assert.False(Signals.IsRaised($"{_key}/{id}/begun"));
    }
}
