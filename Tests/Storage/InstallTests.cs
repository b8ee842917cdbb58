using Sluice.Storage.Snapshots;

namespace Sluice.Tests.Storage;

public sealed class InstallTests
{
    private sealed class Crash : Exception;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_crash_at_any_point_of_an_installation_leaves_the_old_or_the_new_data_whole(bool hadData)
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

            var manifest = await source.Partition.CreateSnapshotAsync(directory.Staging, Guid.NewGuid(), 1);
            await File.WriteAllTextAsync(Path.Combine(directory.Staging, "journal"), "of the sync");
            var left = step;
            directory.BeforeChange = _ =>
            {
                if (left-- == 0)
                {
                    throw new Crash();
                }
            };
            var crashed = Record.Exception(() => directory.Install(directory.Staging, manifest)) is Crash;
            var decided = Directory.Exists(directory.Incoming) || (crashed && !Directory.Exists(directory.Staging));
            // And a second crash, at each point of the recovery.
            for (var again = 0; again < 4; again++)
            {
                var rest = again;
                directory.BeforeChange = _ =>
                {
                    if (rest-- == 0)
                    {
                        throw new Crash();
                    }
                };
                Record.Exception(directory.Recover);
            }

            directory.BeforeChange = null;
            directory.Recover();
            Assert.False(Directory.Exists(directory.Incoming) || Directory.Exists(directory.Old) || Directory.Exists(directory.Snapshots), "leftovers are gone");
            using (var after = new PartitionUnderTest(directory.Root, source.Clock, engine: source.Engine))
            {
                var expected = decided || !crashed ? "$3\r\nnew\r\n" : hadData ? "$3\r\nold\r\n" : "$-1\r\n";
                Assert.Equal(expected, after.Do("get k"));
            }

            if (!crashed)
            {
                Assert.False(File.Exists(Path.Combine(directory.Live, "journal")), "what is none of the manifest's is not installed");
                Assert.False(Directory.Exists(directory.Staging), "the staging directory has become the live one");
                break;
            }

            crashes++;
        }

        Assert.Equal(hadData ? 6 : 4, crashes);
    }

    [Fact]
    public void Every_state_of_the_directories_has_a_plan_that_ends_with_live_data_if_there_was_any()
    {
        foreach (var state in Enumerable.Range(0, 8))
        {
            var (live, incoming, old) = ((state & 1) != 0, (state & 2) != 0, (state & 4) != 0);
            var wantsNew = incoming;
            var isNew = false;
            foreach (var step in RecoveryPlan.Of(live, incoming, old))
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
            Assert.Equal(state != 0, live);
            Assert.Equal(wantsNew, isNew);
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
}
