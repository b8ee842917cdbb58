using Sluice.Storage.Log;

namespace Sluice.Tests.Storage;

public sealed class ReignTests
{
    [Fact]
    public async Task A_reign_begins_with_one_record_however_often_it_is_begun()
    {
        using var primary = new PartitionUnderTest();
        var before = primary.Partition.LatestSequence;

        Assert.True(await primary.Partition.BeginReignAsync(3));
        Assert.False(await primary.Partition.BeginReignAsync(3));
        await primary.ReopenAsync();
        Assert.False(await primary.Partition.BeginReignAsync(3));

        Assert.Equal(new LogPosition(3, before + 1), primary.Partition.Position);
        var reign = Assert.Single(primary.Partition.History.Reigns);
        Assert.Equal((3, before + 1, "node-a"), (reign.Epoch, reign.FirstSequence, reign.Node));
    }

    [Fact]
    public async Task A_reign_does_not_begin_behind_a_later_one()
    {
        using var primary = new PartitionUnderTest();
        await primary.Partition.BeginReignAsync(3);

        await Assert.ThrowsAsync<InvalidDataException>(() => primary.Partition.BeginReignAsync(2));
        Assert.Equal(3, primary.Partition.History.LastEpoch);
    }

    [Fact]
    public async Task A_replica_gets_the_epochs_through_the_log_and_stands_at_its_primarys_position()
    {
        using var primary = new PartitionUnderTest();
        using var replica = new PartitionUnderTest();
        await primary.Partition.BeginReignAsync(1);
        primary.Do("set a 1");
        await primary.Partition.BeginReignAsync(2);
        primary.Do("set b 2");
        using var reader = primary.Partition.Log.OpenReader(replica.Partition.LatestSequence + 1);
        List<LogPosition> positions = [];
        while (reader.TryRead() is { } record)
        {
            replica.Partition.Apply([record]);
            positions.Add(replica.Partition.Position);
        }

        Assert.Equal([new(1, 2), new(1, positions[1].Sequence), new(2, positions[1].Sequence + 1), primary.Partition.Position], positions);
        Assert.Equal(primary.Partition.History.Reigns.ToArray(), replica.Partition.History.Reigns.ToArray());
        await replica.ReopenAsync();
        Assert.Equal(primary.Partition.Position, replica.Partition.Position);
    }

    [Fact]
    public async Task The_log_says_from_where_on_it_can_be_read()
    {
        using var primary = new PartitionUnderTest();
        Assert.Equal(1, primary.Partition.Log.FindFirstSequence());
        await primary.Partition.BeginReignAsync(1);

        var offer = LogJudgement.Of(primary.Partition.History, new LogRequest(new ReplicaKey(0, "b"), primary.Partition.Position, 1), 1, primary.Partition.LatestSequence, primary.Partition.Log.FindFirstSequence());

        Assert.Equal((LogVerdict.Continue, 1, 1, 2, 2), (offer.Verdict, offer.Epoch, offer.FirstSequence, offer.CommonSequence, offer.LatestSequence));
    }

    [Theory]
    [InlineData(2, 40, "does not have epoch 2")]
    [InlineData(1, 40, "up to sequence 30 only")]
    [InlineData(1, 4, "reaches back to sequence 10 only")]
    [InlineData(0, 1, "holds nothing")]
    public void The_reason_of_a_verdict_is_said(long epoch, long sequence, string reason)
    {
        var history = EpochHistory.Empty.Append(new Reign(1, 2, "a", default));

        var offer = LogJudgement.Of(history, new LogRequest(new ReplicaKey(0, "b"), new LogPosition(epoch, sequence), 5), 5, latest: 30, firstAvailable: 10);

        Assert.Contains(reason, offer.Reason, StringComparison.Ordinal);
    }
}
