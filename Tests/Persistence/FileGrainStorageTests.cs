using Orleans.Runtime;
using Orleans.Storage;
using Sluice.Persistence;

namespace Sluice.Tests.Persistence;

public sealed class FileGrainStorageTests : IDisposable
{
    private static readonly GrainId Id = GrainId.Create("sync", "3@node b/ü");
    private readonly string directory = Directory.CreateTempSubdirectory("sluice-grains").FullName;

    [Fact]
    public async Task What_was_written_is_read_by_another_instance()
    {
        var written = new GrainState<Record>(new Record { Text = "x", Number = 7 });
        await new FileGrainStorage(directory).WriteStateAsync("sync", Id, written);

        var read = new GrainState<Record>(new Record());
        await new FileGrainStorage(directory).ReadStateAsync("sync", Id, read);

        Assert.Equal(("x", 7, true, written.ETag), (read.State!.Text, read.State!.Number, read.RecordExists, read.ETag));
    }

    [Fact]
    public async Task A_grain_without_a_file_keeps_its_fresh_state()
    {
        var read = new GrainState<Record>(new Record { Text = "fresh" });
        await new FileGrainStorage(directory).ReadStateAsync("sync", Id, read);

        Assert.Equal(("fresh", false), (read.State!.Text, read.RecordExists));
    }

    [Fact]
    public async Task A_write_over_anothers_write_is_refused_and_changes_nothing()
    {
        var storage = new FileGrainStorage(directory);
        var first = new GrainState<Record>(new Record { Text = "first" });
        await storage.WriteStateAsync("sync", Id, first);

        var stale = new GrainState<Record>(new Record { Text = "stale" });
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("sync", Id, stale));

        var read = new GrainState<Record>(new Record());
        await storage.ReadStateAsync("sync", Id, read);
        Assert.Equal("first", read.State!.Text);
    }

    [Fact]
    public async Task What_was_cleared_is_gone()
    {
        var storage = new FileGrainStorage(directory);
        var state = new GrainState<Record>(new Record { Text = "x" });
        await storage.WriteStateAsync("sync", Id, state);
        await storage.ClearStateAsync("sync", Id, state);

        Assert.False(state.RecordExists);
        Assert.Empty(Directory.GetFiles(directory));
    }

    [Fact]
    public async Task A_file_that_a_crash_left_half_written_beside_the_state_is_not_read()
    {
        var storage = new FileGrainStorage(directory);
        var state = new GrainState<Record>(new Record { Text = "whole" });
        await storage.WriteStateAsync("sync", Id, state);
        await File.WriteAllTextAsync(Directory.GetFiles(directory).Single() + ".new", "{\"Te");

        var read = new GrainState<Record>(new Record());
        await storage.ReadStateAsync("sync", Id, read);
        Assert.Equal("whole", read.State!.Text);
        await storage.WriteStateAsync("sync", Id, read);
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private sealed class Record
    {
        public string Text { get; set; } = "";

        public int Number { get; set; }
    }
}
