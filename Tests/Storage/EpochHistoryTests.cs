using FsCheck;
using FsCheck.Fluent;
using Sluice.Storage.Log;

namespace Sluice.Tests.Storage;

public sealed class EpochHistoryTests
{
    private static readonly EpochHistory Three = History((1, 2), (3, 10), (4, 20));

    [Theory]
    [InlineData(4, 25, LogVerdict.Continue, 25)]
    [InlineData(4, 20, LogVerdict.Continue, 20)]
    [InlineData(4, 30, LogVerdict.Continue, 30)]
    [InlineData(3, 19, LogVerdict.Continue, 19)]
    [InlineData(1, 9, LogVerdict.Continue, 9)]
    [InlineData(1, 7, LogVerdict.Continue, 7)]
    [InlineData(1, 6, LogVerdict.Truncated, 6)]
    [InlineData(0, 1, LogVerdict.Truncated, 0)]
    [InlineData(4, 31, LogVerdict.Diverged, 30)]
    [InlineData(3, 20, LogVerdict.Diverged, 19)]
    [InlineData(1, 10, LogVerdict.Diverged, 9)]
    [InlineData(2, 12, LogVerdict.Diverged, 0)]
    [InlineData(5, 31, LogVerdict.Diverged, 0)]
    [InlineData(3, 9, LogVerdict.Diverged, 0)]
    public void A_position_is_judged_by_the_end_of_its_epoch(long epoch, long sequence, LogVerdict verdict, long common) =>
        Assert.Equal((verdict, common), Three.Judge(new LogPosition(epoch, sequence), latest: 30, firstAvailable: 8));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(9, 1)]
    [InlineData(10, 3)]
    [InlineData(99, 4)]
    public void A_sequence_belongs_to_the_epoch_that_wrote_it(long sequence, long epoch) => Assert.Equal(epoch, Three.EpochAt(sequence));

    [Fact]
    public void Epochs_and_sequences_of_a_history_rise()
    {
        Assert.Throws<InvalidDataException>(() => Three.Append(new Reign(4, 30, "a", default)));
        Assert.Throws<InvalidDataException>(() => Three.Append(new Reign(5, 20, "a", default)));
        Assert.Equal(5, Three.Append(new Reign(5, 21, "a", default)).LastEpoch);
    }

    [Fact]
    public void A_reign_is_read_as_it_was_written() => Check.QuickThrowOnFailure(Prop.ForAll(
        ArbMap.Default.ArbFor<(PositiveInt Epoch, PositiveInt First, NonNull<string> Node)>(),
        words =>
        {
            // Lone surrogates are no text, and nobody's name.
            var node = new string([.. words.Node.Get.Where(letter => !char.IsSurrogate(letter))]);
            var reign = new Reign(words.Epoch.Get, words.First.Get, node, DateTimeOffset.FromUnixTimeMilliseconds(words.First.Get));
            return EpochHistory.Decode(EpochHistory.KeyOf(reign.Epoch), EpochHistory.Encode(reign)) == reign;
        }));

    [Fact]
    public void What_is_no_epoch_record_is_refused() => Check.QuickThrowOnFailure(Prop.ForAll(
        ArbMap.Default.ArbFor<(byte[] Key, byte[] Value)>(),
        bytes =>
        {
            try
            {
                EpochHistory.Decode([.. EpochHistory.KeyPrefix, .. bytes.Key], bytes.Value);
                return bytes.Key.Length == 8 && bytes.Value.Length >= 16;
            }
            catch (InvalidDataException)
            {
                return true;
            }
        }));

    /// <summary>
    /// The naive twin keeps every log whole, record by record, each with the epoch that wrote it, and compares them. Reigns make a tree: each begins on a copy of a prefix of some log
    /// that there is, and writes at most one log of its epoch.
    /// </summary>
    [Fact]
    public void The_verdict_of_a_pair_is_what_comparing_whole_logs_says() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(2_000), Prop.ForAll(
        TreeOfReigns().ToArbitrary(),
        tree => tree.Logs.All(source => tree.Logs.All(log => log.Prefixes().All(follower => Enumerable.Range(1, source.Epochs.Length + 1).All(first => Agrees(source, follower, first)))))));

    private static bool Agrees(WholeLog source, WholeLog follower, int firstAvailable)
    {
        var latest = source.Epochs.Length;
        var position = new LogPosition(follower.Epochs.Length == 0 ? 0 : follower.Epochs[^1], follower.Epochs.Length);
        var (verdict, common) = source.History().Judge(position, latest, firstAvailable);
        var same = follower.CommonWith(source);
        var expected = position.Epoch == 0 ? LogVerdict.Truncated
            : same < follower.Epochs.Length ? LogVerdict.Diverged
            : same + 1 < firstAvailable ? LogVerdict.Truncated
            : LogVerdict.Continue;
        return verdict == expected && common <= same && (verdict == LogVerdict.Diverged || position.Epoch == 0 || common == same);
    }

    private static EpochHistory History(params (long Epoch, long First)[] reigns) =>
        reigns.Aggregate(EpochHistory.Empty, (history, reign) => history.Append(new Reign(reign.Epoch, reign.First, "n", default)));

    private static Gen<Tree> TreeOfReigns() =>
        from count in Gen.Choose(1, 6)
        from reigns in Gen.ArrayOf(
            from parent in Gen.Choose(0, 99)
            from kept in Gen.Choose(0, 99)
            from written in Gen.Choose(1, 4)
            select (parent, kept, written), count)
        select Grow(reigns);

    private static Tree Grow((int Parent, int Kept, int Written)[] reigns)
    {
        // The first record of all is the format's version, of no epoch.
        List<WholeLog> logs = [new([0])];
        foreach (var (parent, kept, written) in reigns)
        {
            var origin = logs[parent % logs.Count].Epochs;
            var prefix = origin[..(1 + kept % origin.Length)];
            logs.Add(new([.. prefix, .. Enumerable.Repeat(logs.Count, written)]));
        }

        return new Tree([.. logs]);
    }

    private sealed record Tree(WholeLog[] Logs)
    {
        public override string ToString() => string.Join(" | ", Logs.Select(log => string.Join("", log.Epochs)));
    }

    /// <summary>A log, record by record: an epoch wrote it at this place, so epoch and place are the record.</summary>
    private sealed record WholeLog(int[] Epochs)
    {
        public IEnumerable<WholeLog> Prefixes() => Enumerable.Range(1, Epochs.Length).Select(length => new WholeLog(Epochs[..length]));

        public int CommonWith(WholeLog other)
        {
            var same = 0;
            while (same < Epochs.Length && same < other.Epochs.Length && Epochs[same] == other.Epochs[same])
            {
                same++;
            }

            return same;
        }

        public EpochHistory History()
        {
            var history = EpochHistory.Empty;
            for (var place = 0; place < Epochs.Length; place++)
            {
                if (Epochs[place] > history.LastEpoch)
                {
                    history = history.Append(new Reign(Epochs[place], place + 1, "n", default));
                }
            }

            return history;
        }
    }
}
