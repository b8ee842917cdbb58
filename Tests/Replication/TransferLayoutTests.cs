using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed class TransferLayoutTests
{
    [Fact]
    public void Every_position_is_where_its_naive_twin_says()
    {
        const int seed = 9;
        var random = new Random(seed);
        for (var round = 0; round < 200; round++)
        {
            var sizes = Enumerable.Range(0, random.Next(1, 8)).Select(_ => (long)random.Next(6)).ToArray();
            var transfer = Enumerable.Range(0, sizes.Length).Where(_ => random.Next(4) > 0).OrderBy(_ => random.Next()).ToArray();
            var layout = new TransferLayout(Manifest(sizes), [.. transfer]);
            var position = 0L;
            foreach (var file in transfer)
            {
                for (var offset = 0L; offset < sizes[file]; offset++, position++)
                {
                    Assert.True((file, offset) == layout.Locate(position), $"seed {seed}, round {round}, position {position}");
                    Assert.Equal(position, layout.PositionOf(file, offset));
                }

                Assert.Equal(position, layout.PositionOf(file, sizes[file]));
                Assert.Equal(-1, layout.PositionOf(file, sizes[file] + 1));
            }

            Assert.Equal(position, layout.TotalBytes);
            Assert.Throws<ArgumentOutOfRangeException>(() => layout.Locate(position));
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 2)]
    [InlineData(0, -1)]
    public void A_transfer_of_a_file_that_is_not_there_or_twice_is_refused(int first, int second) =>
        Assert.Throws<InvalidManifestException>(() => new TransferLayout(Manifest([1, 1]), [first, second]));

    private static SnapshotManifest Manifest(long[] sizes) => new()
    {
        SnapshotId = Guid.Empty,
        Shard = 0,
        Files = [.. sizes.Select((size, index) => new SnapshotFile($"{index}", size, 0))],
    };
}
