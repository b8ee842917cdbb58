using Sluice.Storage.Log;

namespace Sluice.Tests.Storage.Log;

public sealed class LogMarksTests
{
    [Fact]
    public void A_lag_is_told_in_sequences_bytes_and_time()
    {
        var marks = new LogMarks();
        marks.Note(new LogMark(0, 0, Seconds(0)));
        marks.Note(new LogMark(100, 1000, Seconds(10)));
        marks.Note(new LogMark(200, 5000, Seconds(20)));
        var latest = new LogMark(200, 5000, Seconds(30));
        Assert.Equal(default, marks.Behind(200, latest));
        Assert.Equal(new LogLag(100, 4000, Seconds(10)), marks.Behind(100, latest));
        Assert.Equal(new LogLag(150, 4500, Seconds(20)), marks.Behind(50, latest));
    }

    [Fact]
    public void Who_lacks_what_was_written_after_a_quiet_night_is_behind_since_it_was_written()
    {
        var marks = new LogMarks();
        marks.Note(new LogMark(100, 1000, Seconds(0)));
        marks.Note(new LogMark(101, 1010, Seconds(36_000)));
        Assert.Equal(Seconds(5), marks.Behind(100, new LogMark(101, 1010, Seconds(36_005))).Time);
    }

    [Fact]
    public void Before_the_first_mark_the_bytes_are_a_lower_bound()
    {
        var marks = new LogMarks();
        marks.Note(new LogMark(1000, 0, Seconds(0)));
        marks.Note(new LogMark(1100, 700, Seconds(1)));
        Assert.Null(marks.BytesAt(999));
        Assert.Equal(new LogLag(600, 700, Seconds(1)), marks.Behind(500, new LogMark(1100, 700, Seconds(1))));
    }

    // Against a naive twin that keeps every mark ever: weeks of writing in bursts, within the bound, and never far off.
    [Fact]
    public void The_marks_stay_bounded_and_their_answers_near_the_truth()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var marks = new LogMarks();
            var all = new List<LogMark> { new(0, 0, Seconds(0)) };
            marks.Note(all[0]);
            for (var step = 0; step < 20_000; step++)
            {
                var before = all[^1];
                var count = random.Next(1, 100);
                var pause = random.Next(50) == 0 ? random.Next(3600) : random.NextDouble();
                all.Add(new LogMark(before.Sequence + count, before.Bytes + count * 100L, before.At + TimeSpan.FromSeconds(pause)));
                marks.Note(all[^1]);
            }

            Assert.True(marks.All.Count <= LogMarks.Capacity, $"seed {seed}: {marks.All.Count} marks");
            for (var ask = 0; ask < 200; ask++)
            {
                var position = all[random.Next(all.Count - 1)].Sequence;
                var lag = marks.Behind(position, all[^1]);
                Assert.Equal(all[^1].Sequence - position, lag.Sequences);
                Assert.Equal(100 * lag.Sequences, lag.Bytes, (double)(5 * 100 * 100));

                // The truth lies between the marks that are left around the position.
                var truth = all[^1].At - all.First(mark => mark.Sequence > position).At;
                var (low, high) = (marks.All.Last(mark => mark.Sequence <= position).At, marks.All.First(mark => mark.Sequence > position).At);
                Assert.True((lag.Time - truth).Duration() <= high - low + LogMarks.Grain, $"seed {seed}: {lag.Time} is told where it is {truth}");
            }
        }
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
