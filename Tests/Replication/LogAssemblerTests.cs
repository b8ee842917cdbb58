using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed class LogAssemblerTests
{
    [Fact]
    public void A_record_is_put_together_from_any_parts()
    {
        const int seed = 3;
        var random = new Random(seed);
        var assembler = new LogAssembler();
        for (var round = 0; round < 100; round++)
        {
            var batch = new byte[random.Next(1, 5000)];
            random.NextBytes(batch);
            LogRecord? record = null;
            for (var offset = 0; offset < batch.Length;)
            {
                Assert.Null(record);
                var length = random.Next(1, Math.Min(700, batch.Length - offset) + 1);
                record = assembler.Add(new LogPartFields(1, 50, round, 3, batch.Length, offset), batch.AsSpan(offset, length));
                offset += length;
            }

            Assert.Equivalent(new LogRecord(round, 3, batch), record);
            Assert.False(assembler.IsOpen);
        }
    }

    [Fact]
    public void Memory_grows_only_as_bytes_arrive()
    {
        var assembler = new LogAssembler();
        assembler.Add(new LogPartFields(1, 50, 7, 1, Frame.MaxRecord, 0), new byte[1000]);
        Assert.InRange(assembler.HeldBytes, 1000, 2000);
        assembler.Add(new LogPartFields(1, 50, 7, 1, Frame.MaxRecord, 1000), new byte[1000]);
        Assert.InRange(assembler.HeldBytes, 2000, 4000);
    }

    [Theory]
    [InlineData(7, 1, 100, 20)]
    [InlineData(7, 1, 100, 0)]
    [InlineData(8, 1, 100, 10)]
    [InlineData(7, 2, 100, 10)]
    [InlineData(7, 1, 101, 10)]
    public void A_part_that_does_not_follow_is_refused(long sequence, int count, int total, int offset)
    {
        var assembler = new LogAssembler();
        assembler.Add(new LogPartFields(1, 50, 7, 1, 100, 0), new byte[10]);
        Assert.Throws<MalformedFrameException>(() => assembler.Add(new LogPartFields(1, 50, sequence, count, total, offset), new byte[10]));
    }

    [Fact]
    public void A_first_part_that_is_not_the_beginning_is_refused() =>
        Assert.Throws<MalformedFrameException>(() => new LogAssembler().Add(new LogPartFields(1, 50, 7, 1, 100, 10), new byte[10]));
}
