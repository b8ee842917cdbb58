using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Replication;

namespace Sluice.Tests.Replication.Staging;

public sealed class HeldFilesTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("sluice-held-").FullName;

    private string Staging => Path.Combine(root, "staging");

    private string Live => Path.Combine(root, "live");

    [Fact]
    public void A_file_is_the_same_only_if_database_name_size_and_checksum_are()
    {
        var wanted = Manifest("db", ("1.sst", 10, 1), ("2.sst", 10, 1), ("3.blob", 10, 1), ("CURRENT", 10, 1), ("MANIFEST-4", 10, 1), ("5.log", 10, 1), ("OPTIONS-6", 10, 1), ("7.sst", 0, 0));

        Assert.Equal([new(0, HeldIn.Live), new HeldFile(2, HeldIn.Live)], HeldFiles.Select(wanted, null, wanted with { Files = wanted.Files.Remove(wanted.Files[1]) }).AsEnumerable());
        Assert.Equal([new HeldFile(0, HeldIn.Live)], HeldFiles.Select(wanted, null, Manifest("db", ("1.sst", 10, 1), ("2.sst", 11, 1), ("3.blob", 10, 2))).AsEnumerable());
        Assert.Empty(HeldFiles.Select(wanted, null, wanted with { DatabaseId = "other" }));
        Assert.Empty(HeldFiles.Select(wanted with { DatabaseId = "" }, null, wanted with { DatabaseId = "" }));
        Assert.Empty(HeldFiles.Select(wanted, null, null));
    }

    [Fact]
    public void Of_an_interrupted_copy_only_what_is_whole_counts()
    {
        var wanted = Manifest("db", ("1.sst", 10, 1), ("2.sst", 10, 1), ("CURRENT", 10, 1), ("3.sst", 10, 1));
        var staged = new StagedState { Plan = new StagingPlan(Guid.NewGuid(), "a", wanted, [2, 1, 3]), Held = [0], Position = 15 };

        Assert.Equal([new(0, HeldIn.Staging), new HeldFile(2, HeldIn.Staging)], HeldFiles.Select(wanted, staged, null).AsEnumerable());
        Assert.Equal([new(0, HeldIn.Staging), new(1, HeldIn.Live), new(2, HeldIn.Staging), new HeldFile(3, HeldIn.Live)], HeldFiles.Select(wanted, staged, wanted).AsEnumerable());
    }

    [Fact]
    public async Task Held_files_become_part_of_the_copy_and_only_the_rest_is_sent()
    {
        var random = new Random(1);
        var copy = new SnapshotCopy(random, files: 6, largest: 0, size: 10_000);
        WriteLive(copy, 0, 1, 2);

        // An earlier copy of another snapshot: file 3 is whole, file 4 is begun.
        await using (var earlier = await copy.BeginAsync(Staging, [new(0, HeldIn.Live), new(1, HeldIn.Live), new(2, HeldIn.Live)]))
        {
            await copy.SendAsync(earlier, random, 13_000);
            await earlier.RewindAsync(CancellationToken.None);
        }

        // One of the live files is damaged, one was deleted by a compaction.
        Damage(Path.Combine(Live, copy.NameOf(1)));
        File.Delete(Path.Combine(Live, copy.NameOf(2)));

        long read = 0;
        var held = await HeldFiles.FindAsync(Staging, Live, copy.Manifest, bytes => read += bytes, NullLogger.Instance, CancellationToken.None);

        Assert.Equal([new(0, HeldIn.Live), new HeldFile(3, HeldIn.Staging)], held.AsEnumerable());
        Assert.InRange(read, 20_000, 30_000);
        await using var writer = await copy.BeginAsync(Staging, held);
        Assert.Equal([1, 2, 4, 5], writer.Plan.Transfer.AsEnumerable());
        Assert.Equal(40_000, await copy.SendAsync(writer, random, writer.TotalBytes));
        await writer.CompleteAsync(CancellationToken.None);
        copy.AssertWhole(Staging);
        Assert.Equal(
            copy.Manifest.Files.Select(file => file.Name).Append(StagingJournal.FileName),
            Directory.GetFileSystemEntries(Staging).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_live_data_is_never_written_to()
    {
        var random = new Random(2);
        var copy = new SnapshotCopy(random, files: 3, largest: 0, size: 10_000);
        WriteLive(copy, 0, 1, 2);
        var held = await HeldFiles.FindAsync(Staging, Live, copy.Manifest, null, NullLogger.Instance, CancellationToken.None);
        Assert.Equal(3, held.Length);
        await (await copy.BeginAsync(Staging, held)).DisposeAsync();

        // Another snapshot has other content under the same names: it must not go into the files that are linked.
        var other = new SnapshotCopy(random, files: 3, largest: 0, size: 8_000, database: "other");
        await using (var writer = await other.BeginAsync(Staging, []))
        {
            await other.SendAsync(writer, random, writer.TotalBytes);
            await writer.CompleteAsync(CancellationToken.None);
            other.AssertWhole(Staging);
        }

        copy.AssertWhole(Live);
    }

    [Fact]
    public async Task A_crash_between_the_journal_and_the_links_loses_nothing()
    {
        var random = new Random(3);
        var copy = new SnapshotCopy(random, files: 3, largest: 0, size: 10_000);
        WriteLive(copy, 0, 2);
        var held = await HeldFiles.FindAsync(Staging, Live, copy.Manifest, null, NullLogger.Instance, CancellationToken.None);
        using (StagingJournal.Create(Staging, new StagedState { Plan = copy.Plan with { Transfer = HeldFiles.Rest(copy.Manifest, held) }, Held = [.. held.Select(file => file.FileIndex)] }))
        {
            // The crash: the journal is there, the links were not moved.
        }

        await using var writer = (await StagingWriter.ResumeAsync(Staging, null, TimeProvider.System, NullLogger.Instance, CancellationToken.None))!;
        Assert.False(writer.TransferChanged);
        Assert.Equal([1], writer.Plan.Transfer.AsEnumerable());
        Assert.Equal(10_000, await copy.SendAsync(writer, random, writer.TotalBytes));
        await writer.CompleteAsync(CancellationToken.None);
        copy.AssertWhole(Staging);
    }

    [Fact]
    public async Task Looking_again_finds_the_same()
    {
        var copy = new SnapshotCopy(new Random(4), files: 2, largest: 0, size: 10_000);
        WriteLive(copy, 0, 1);
        var first = await HeldFiles.FindAsync(Staging, Live, copy.Manifest, null, NullLogger.Instance, CancellationToken.None);
        Assert.Equal(first.AsEnumerable(), await HeldFiles.FindAsync(Staging, Live, copy.Manifest, null, NullLogger.Instance, CancellationToken.None));
        Assert.Equal(2, first.Length);
    }

    [Fact]
    public async Task An_installed_manifest_that_is_absent_or_damaged_means_that_nothing_is_held()
    {
        var copy = new SnapshotCopy(new Random(5), files: 2, largest: 0, size: 10_000);
        WriteLive(copy, 0, 1);
        var path = Path.Combine(Live, InstalledManifest.FileName);
        Damage(path);
        Assert.Null(InstalledManifest.Read(Live));
        Assert.Empty(await HeldFiles.FindAsync(Staging, Live, copy.Manifest, null, NullLogger.Instance, CancellationToken.None));
        File.Delete(path);
        Assert.Null(InstalledManifest.Read(Live));
        Assert.Empty(await HeldFiles.FindAsync(Staging, Live, copy.Manifest, null, NullLogger.Instance, CancellationToken.None));
    }

    [Fact]
    public async Task A_manifest_that_would_link_elsewhere_is_refused()
    {
        var wanted = Manifest("db", ("../1.sst", 10, 1));
        await Assert.ThrowsAsync<InvalidManifestException>(() => HeldFiles.FindAsync(Staging, Live, wanted, null, NullLogger.Instance, CancellationToken.None));
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    private static SnapshotManifest Manifest(string database, params (string Name, long Size, uint Crc)[] files) => new()
    {
        SnapshotId = Guid.NewGuid(),
        Shard = 1,
        DatabaseId = database,
        Files = [.. files.Select(file => new SnapshotFile(file.Name, file.Size, file.Crc))],
    };

    private static void Damage(string path)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
    }

    private void WriteLive(SnapshotCopy copy, params int[] files)
    {
        Directory.CreateDirectory(Live);
        foreach (var index in files)
        {
            File.WriteAllBytes(Path.Combine(Live, copy.NameOf(index)), copy.ContentOf(index));
        }

        InstalledManifest.Write(Live, copy.Manifest);
    }
}
