using System.Collections.Immutable;
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sluice.Replication;

namespace Sluice.Tests.Replication.Staging;

public sealed class StagingJournalTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("sluice-journal-").FullName;

    /// <summary>The format, byte by byte, as another program computed it: what an older program wrote must stay readable, so this may change only together with the version.</summary>
    [Fact]
    public void The_format_is_what_it_was()
    {
        var state = new StagedState
        {
            Plan = new StagingPlan(
                Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"),
                "node-a",
                new SnapshotManifest
                {
                    SnapshotId = Guid.Parse("ffeeddcc-bbaa-9988-7766-554433221100"),
                    Shard = 3,
                    Epoch = 7,
                    Sequence = 1234567,
                    DatabaseId = "db",
                    Files = [new SnapshotFile("000001.sst", 1000, 0xDEADBEEF), new SnapshotFile("CURRENT", 16, 5), new SnapshotFile("000002.sst", 2000, 6)],
                },
                [2, 1]),
            Held = [0],
            Position = 500,
            Crc = 0x01020304,
        };

        var bytes = StagingJournalEncoding.Write(state);

        Assert.Equal(
            "534C534A010000004D7C85FDA7000000391CCBD80133221100554477668899AABBCCDDEEFF06006E6F64652D610100000000000000534C4D4601CCDD"
            + "EEFFAABB8899776655443322110003000000070000000000000087D612000000000002006462030000000A003030303030312E737374E80300000000"
            + "0000EFBEADDE070043555252454E541000000000000000050000000A003030303030322E737374D00700000000000006000000020000000200000001"
            + "00000095FC30E40D000000662A2BFA02F40100000000000004030201",
            Convert.ToHexString(bytes));
        AssertSame(state, StagingJournalEncoding.Read(bytes));
    }

    [Fact]
    public void Every_prefix_and_every_flipped_byte_tells_an_earlier_state_or_is_refused() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2_000),
        Prop.ForAll(
        Gen.Choose(0, int.MaxValue).ToArbitrary(),
        seed =>
        {
            var random = new Random(seed);
            var state = StateOf(random);
            var (bytes, states) = Journal(random, state, positions: random.Next(6));

            var cut = Read(bytes.AsSpan(0, random.Next(bytes.Length)));
            Assert.True(cut is null || states.Exists(earlier => Same(earlier, cut)), $"seed {seed}: cut");

            var at = random.Next(bytes.Length);
            var damaged = bytes.ToArray();
            damaged[at] ^= (byte)random.Next(1, 256);
            var read = Read(damaged);
            Assert.True(read is null || states.Exists(earlier => Same(earlier, read)), $"seed {seed}: byte {at}");

            // Torn: what is behind a point is garbage.
            random.NextBytes(damaged.AsSpan(at));
            bytes.AsSpan(0, at).CopyTo(damaged);
            read = Read(damaged);
            Assert.True(read is null || states.Exists(earlier => Same(earlier, read)), $"seed {seed}: torn at {at}");
        }));

    [Fact]
    public void A_newer_version_is_refused_as_newer_and_a_damaged_one_as_damaged()
    {
        var bytes = StagingJournalEncoding.Write(StateOf(new Random(1)));
        BitConverter.TryWriteBytes(bytes.AsSpan(4), StagingJournalEncoding.Version + 1);
        Assert.False(Assert.Throws<StagingJournalException>(() => StagingJournalEncoding.Read(bytes)).IsNewer);
        BitConverter.TryWriteBytes(bytes.AsSpan(8), Crc32C.Compute(bytes.AsSpan(0, 8)));
        var newer = Assert.Throws<StagingJournalException>(() => StagingJournalEncoding.Read(bytes));
        Assert.True(newer.IsNewer);
        Assert.Contains((StagingJournalEncoding.Version + 1).ToString(CultureInfo.InvariantCulture), newer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_appended_is_read_again_however_long_the_journal_was()
    {
        var state = StateOf(new Random(2)) with { Position = 0, Crc = 0 };
        var total = state.Layout().TotalBytes;
        long longest = 0;
        using (var journal = StagingJournal.Create(directory, state))
        {
            // More than there is room for at first: it is written anew in between.
            for (var n = 1; n <= 8_000; n++)
            {
                journal.Append(n % (total + 1), (uint)n);
                if (n % 500 == 0)
                {
                    AssertSame(state with { Position = n % (total + 1), Crc = (uint)n }, StagingJournal.Load(directory)!);
                    longest = Math.Max(longest, new FileInfo(Path.Combine(directory, StagingJournal.FileName)).Length);
                }
            }
        }

        Assert.InRange(longest, 1, 200_000);
        Assert.Equal([StagingJournal.FileName], Directory.GetFiles(directory).Select(Path.GetFileName));
    }

    [Fact]
    public void Where_there_is_none_nothing_is_told()
    {
        Assert.Null(StagingJournal.Load(directory));
        Assert.Null(StagingJournal.Load(Path.Combine(directory, "nowhere")));
    }

    [Fact]
    public void After_losses_exactly_the_lost_files_are_sent_again_from_their_beginning() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2_000),
        Prop.ForAll(
        Gen.Choose(0, int.MaxValue).ToArbitrary(),
        seed =>
        {
            var random = new Random(seed);
            var state = StateOf(random);
            var files = state.Plan.Manifest.Files;
            var here = state.Whole().Concat(state.Begun() is { } begun ? [begun.FileIndex] : []).ToHashSet();
            var damaged = here.Where(_ => random.Next(3) == 0).ToHashSet();

            var after = state.Without(damaged);

            // Each file once: held or sent.
            Assert.Equal(Enumerable.Range(0, files.Length), after.Held.Concat(after.Plan.Transfer).Order());
            Assert.Equal(after.Plan.Transfer.Length, after.Plan.Transfer.Distinct().Count());

            // What is good stays, to the byte; what is not begins anew.
            var good = state.Whole().Except(damaged);
            Assert.True(good.SetEquals(after.Whole()), $"seed {seed}");
            Assert.Equal(state.Begun() is { } b && !damaged.Contains(b.FileIndex) ? state.Begun() : null, after.Begun());
            var kept = good.Sum(index => files[index].Size) + (after.Begun()?.Bytes ?? 0);
            Assert.Equal(state.Plan.Manifest.TotalBytes() - kept, after.Layout().TotalBytes - after.Position);
            Assert.Equal(after.Begun() is null ? 0 : state.Crc, after.Crc);
            if (damaged.Count == 0)
            {
                Assert.True(Same(state, after), "nothing lost, nothing changed");
            }
        }));

    public void Dispose() => Directory.Delete(directory, recursive: true);

    /// <summary>A copy somewhere on its way, as a writer leaves it: empty files are always in the transfer.</summary>
    internal static StagedState StateOf(Random random)
    {
        var files = Enumerable.Range(0, random.Next(1, 12)).Select(n => new SnapshotFile($"{n:D6}.sst", random.Next(4) == 0 ? 0 : random.Next(1, 5_000), (uint)random.Next())).ToImmutableArray();
        var indexes = Enumerable.Range(0, files.Length).ToArray();
        random.Shuffle(indexes);
        var held = indexes.Where(index => files[index].Size > 0 && random.Next(3) == 0).ToImmutableSortedSet();
        var plan = new StagingPlan(
            Guid.NewGuid(),
            "node-" + random.Next(),
            new SnapshotManifest { SnapshotId = Guid.NewGuid(), Shard = 1, Epoch = random.Next(), Sequence = random.Next(), DatabaseId = "db", Files = files },
            [.. indexes.Where(index => !held.Contains(index))]);
        var state = new StagedState { Plan = plan, Held = held };
        state = state with { Position = random.NextInt64(state.Layout().TotalBytes + 1) };
        return state.Begun() is null ? state : state with { Crc = (uint)random.Next() };
    }

    private static (byte[] Bytes, List<StagedState> States) Journal(Random random, StagedState state, int positions)
    {
        var bytes = StagingJournalEncoding.Write(state).ToList();
        var states = new List<StagedState> { state with { Position = 0, Crc = 0 }, state };
        for (var n = 0; n < positions; n++)
        {
            state = state with { Position = random.NextInt64(state.Layout().TotalBytes + 1), Crc = (uint)random.Next() };
            var record = new byte[StagingJournalEncoding.PositionBytes];
            StagingJournalEncoding.WritePosition(record, state.Position, state.Crc);
            bytes.AddRange(record);
            states.Add(state);
        }

        bytes.AddRange(new byte[random.Next(100)]);
        return ([.. bytes], states);
    }

    private static StagedState? Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StagingJournalEncoding.Read(bytes);
        }
        catch (StagingJournalException)
        {
            return null;
        }
    }

    private static bool Same(StagedState left, StagedState right) =>
        (left.Plan.Lease, left.Plan.Source, left.Position, left.Crc) == (right.Plan.Lease, right.Plan.Source, right.Position, right.Crc)
        && left.Held.SetEquals(right.Held)
        && left.Plan.Transfer.SequenceEqual(right.Plan.Transfer)
        && left.Plan.Manifest with { Files = [] } == right.Plan.Manifest with { Files = [] }
        && left.Plan.Manifest.Files.SequenceEqual(right.Plan.Manifest.Files);

    private static void AssertSame(StagedState expected, StagedState actual) => Assert.True(Same(expected, actual), $"{expected} is not {actual}");
}
