using System.Globalization;
using Sluice.Replication;
using Sluice.Storage.Snapshots;

namespace Sluice.Tests.Storage;

public sealed class InstallTests
{
    private sealed class Crash : Exception;

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task A_crash_at_any_point_of_an_installation_leaves_the_old_or_the_new_data_whole(bool hadData, bool diverged)
    {
        var crashes = 0;
        for (var step = 0; ; step++)
        {
            using var source = new PartitionUnderTest();
            source.Do("set k new");
            var directory = new PartitionDirectory(Path.Combine(source.Directory, "replica"));
            directory.Recover();
            if (hadData)
            {
                using var old = new PartitionUnderTest(directory.Root, source.Clock, engine: source.Engine);
                old.Do("set k old");
            }

            var manifest = await source.Partition.CreateSnapshotAsync(directory.Staging, Guid.NewGuid());
            await File.WriteAllTextAsync(Path.Combine(directory.Staging, "stranger"), "of somebody");
            await File.WriteAllTextAsync(Path.Combine(directory.Staging, StagingJournal.FileName), "of the sync");
            CrashAt(directory, step);
            var crashed = Record.Exception(() => directory.Install(directory.Staging, manifest, diverged ? source.Clock.GetUtcNow() : null)) is Crash;
            var decided = !Directory.Exists(directory.Staging);
            Assert.True(decided || File.Exists(Path.Combine(directory.Staging, StagingJournal.FileName)), "as long as the copy is not decided upon, its journal tells of it");

            // And a second crash, at each point of the recovery.
            for (var again = 0; again < 6; again++)
            {
                CrashAt(directory, again);
                Record.Exception(directory.Recover);
            }

            directory.BeforeChange = null;
            directory.Recover();
            var names = Directory.GetDirectories(directory.Root).Select(path => Path.GetFileName(path)).Where(name => !name.StartsWith("diverged-", StringComparison.Ordinal));
            Assert.All(names, name => Assert.True(name is "live" or "staging", $"{name} is left over"));
            Assert.False(File.Exists(Path.Combine(directory.Live, StagingJournal.FileName)), "the journal is no part of the data");
            Assert.Equal(hadData && diverged && decided ? 1 : 0, directory.Diverged.Count);
            Expect(source, directory.Root, decided ? "$3\r\nnew\r\n" : hadData ? "$3\r\nold\r\n" : "$-1\r\n");
            foreach (var kept in directory.Diverged)
            {
                Assert.Equal(source.Clock.GetUtcNow(), kept.At);
                Assert.InRange(kept.Bytes(), 1, long.MaxValue);
                Directory.Move(directory.Live, directory.Live + ".new");
                Directory.Move(kept.Directory, directory.Live);
                Expect(source, directory.Root, "$3\r\nold\r\n");
            }

            if (!crashed)
            {
                Assert.True(decided);
                Assert.False(File.Exists(Path.Combine(directory.Live, "stranger")), "what is none of the manifest's is not installed");
                break;
            }

            crashes++;
        }

        // Stranger, manifest, sync, two or three renames, old data if it is not kept, journal.
        Assert.Equal(hadData ? diverged ? 7 : 8 : 6, crashes);
    }

    [Fact]
    public async Task The_manifest_of_what_was_installed_stays_with_it()
    {
        using var source = new PartitionUnderTest();
        source.Do("set k v");
        var directory = new PartitionDirectory(Path.Combine(source.Directory, "replica"));
        directory.Recover();
        var manifest = await source.Partition.CreateSnapshotAsync(directory.Staging, Guid.NewGuid());
        directory.Install(directory.Staging, manifest);
        using (var open = new PartitionUnderTest(directory.Root, source.Clock, engine: source.Engine))
        {
            open.Do("set k other");
        }

        var read = InstalledManifest.Read(directory.Live);
        Assert.NotNull(read);
        Assert.Equal((manifest.SnapshotId, manifest.DatabaseId, manifest.Sequence), (read.SnapshotId, read.DatabaseId, read.Sequence));
        Assert.Equal(manifest.Files.AsEnumerable(), read.Files);
    }

    [Fact]
    public void Of_diverged_data_the_newest_two_are_kept()
    {
        using var partition = new PartitionUnderTest();
        var directory = new PartitionDirectory(Path.Combine(partition.Directory, "replica"));
        foreach (var name in new[] { "diverged-20260101T000000000Z", "diverged-20260301T000000000Z", "diverged-20260201T000000000Z", "diverged-by-hand" })
        {
            Directory.CreateDirectory(Path.Combine(directory.Root, name));
        }

        directory.Recover();
        Assert.Equal(
            [DateTimeOffset.Parse("2026-03-01T00:00:00Z", CultureInfo.InvariantCulture), DateTimeOffset.Parse("2026-02-01T00:00:00Z", CultureInfo.InvariantCulture)],
            directory.Diverged.Select(data => data.At));
    }

    [Fact]
    public void Snapshots_staging_and_spool_survive_a_restart()
    {
        using var partition = new PartitionUnderTest();
        var directory = new PartitionDirectory(Path.Combine(partition.Directory, "replica"));
        string[] kept = [directory.Snapshots, directory.Staging, directory.Spool];
        Assert.All(kept, path => Directory.CreateDirectory(path));
        directory.Recover();
        Assert.All(kept, path => Assert.True(Directory.Exists(path), path));
    }

    [Fact]
    public void Every_state_of_the_directories_has_a_plan_that_ends_with_live_data_if_there_was_any()
    {
        foreach (var state in Enumerable.Range(0, 16))
        {
            var (live, incoming, old, keepsOld) = ((state & 1) != 0, (state & 2) != 0, (state & 4) != 0, (state & 8) != 0);
            var (wantsNew, wantsKept) = (incoming, incoming && live && keepsOld);
            var (isNew, isKept) = (false, false);
            foreach (var step in RecoveryPlan.Of(live, incoming, keepsOld, old))
            {
                switch (step)
                {
                    case RecoveryStep.DeleteOld:
                        Assert.True(live || incoming, "the old data goes only when there is other");
                        old = false;
                        break;
                    case RecoveryStep.RetireLive:
                        Assert.True(live && !old, "there is a live directory, and room for it");
                        (live, old) = (false, true);
                        break;
                    case RecoveryStep.KeepLive:
                        Assert.True(live && incoming, "live data is kept aside when other takes its place");
                        (live, isKept) = (false, true);
                        break;
                    case RecoveryStep.PromoteIncoming:
                        Assert.True(incoming && !live, "there is a copy, and room for it");
                        (incoming, live, isNew) = (false, true, true);
                        break;
                    case RecoveryStep.RestoreOld:
                        Assert.True(old && !live, "there is old data, and room for it");
                        (old, live) = (false, true);
                        break;
                    default:
                        Assert.Fail($"unknown step {step}");
                        break;
                }
            }

            Assert.False(incoming || old);
            Assert.Equal((state & 7) != 0, live);
            Assert.Equal((wantsNew, wantsKept), (isNew, isKept));
        }
    }

    [Fact]
    public void Removing_a_replica_leaves_nothing()
    {
        using var partition = new PartitionUnderTest();
        var directory = new PartitionDirectory(Path.Combine(partition.Directory, "replica"));
        directory.Recover();
        Directory.CreateDirectory(directory.Live);
        directory.Remove();
        Assert.False(Directory.Exists(directory.Root));
        directory.Remove();
    }

    private static void CrashAt(PartitionDirectory directory, int step) => directory.BeforeChange = _ =>
    {
        if (step-- == 0)
        {
            throw new Crash();
        }
    };

    private static void Expect(PartitionUnderTest source, string root, string value)
    {
        using var opened = new PartitionUnderTest(root, source.Clock, engine: source.Engine);
        Assert.Equal(value, opened.Do("get k"));
    }
}
