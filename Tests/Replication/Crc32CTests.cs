using Sluice.Replication;

namespace Sluice.Tests.Replication;

public sealed class Crc32CTests
{
    [Theory]
    // RFC 3720, appendix B.4.
    [InlineData("00", 32, 0x8A9136AAu)]
    [InlineData("FF", 32, 0x62A8AB43u)]
    public void The_checksum_is_that_of_the_RFC(string octet, int count, uint expected)
    {
        var data = new byte[count];
        Array.Fill(data, Convert.ToByte(octet, 16));
        Assert.Equal(expected, Crc32C.Compute(data));
    }

    [Fact]
    public void The_checksum_of_the_usual_nine_digits_is_the_published_one() => Assert.Equal(0xE3069283u, Crc32C.Compute("123456789"u8));

    [Fact]
    public void The_checksum_equals_its_naive_twin_at_every_length_and_split()
    {
        const int seed = 7;
        var random = new Random(seed);
        for (var round = 0; round < 400; round++)
        {
            // Around the lane lengths, where the three-lane path begins and ends.
            var data = new byte[random.Next(4) == 0 ? random.Next(64) : random.Next(3 * 4096 * 3)];
            random.NextBytes(data);
            var expected = Naive(data);
            Assert.True(expected == Crc32C.Compute(data), $"seed {seed}, round {round}, length {data.Length}");
            var split = random.Next(data.Length + 1);
            ReadOnlySpan<byte> first = data.AsSpan(0, split), second = data.AsSpan(split);
            Assert.Equal(expected, Crc32C.Append(Crc32C.Compute(first), second));
            Assert.Equal(expected, Crc32C.Combine(Crc32C.Compute(first), Crc32C.Compute(second), second.Length));
            Assert.Equal(Crc32C.Compute(second), Crc32C.WithoutPrefix(expected, Crc32C.Compute(first), second.Length));
        }
    }

    [Fact]
    public void Joining_works_for_pieces_longer_than_the_order_of_the_polynomial()
    {
        // 2^31 zero bytes behind a byte: by repeated joining and at once.
        var joined = Crc32C.Compute("x"u8);
        var zeros = Crc32C.Compute(new byte[1 << 20]);
        for (var n = 0; n < 2048; n++)
        {
            joined = Crc32C.Combine(joined, zeros, 1 << 20);
        }

        var all = zeros;
        for (var length = 1L << 20; length < 1L << 31; length *= 2)
        {
            all = Crc32C.Combine(all, all, length);
        }

        Assert.Equal(joined, Crc32C.Combine(Crc32C.Compute("x"u8), all, 1L << 31));
    }

    private static uint Naive(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var one in data)
        {
            crc ^= one;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0);
            }
        }

        return ~crc;
    }
}
