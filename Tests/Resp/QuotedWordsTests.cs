using System.Text;
using Sluice.Resp;

namespace Sluice.Tests.Resp;

/// <summary>Quoting and patterns as Redis has them.</summary>
public class QuotedWordsTests
{
    [Fact]
    public void What_is_quoted_is_read_back()
    {
        const int Seed = 99;
        var random = new Random(Seed);
        var words = new List<byte[]>();
        for (var i = 0; i < 5000; i++)
        {
            var word = new string([.. Enumerable.Range(0, random.Next(12)).Select(_ => (char)(random.Next(4) == 0 ? random.Next(1, 0x800) : random.Next(32, 127)))]);
            Assert.True(QuotedWords.TrySplit(Encoding.UTF8.GetBytes("name " + QuotedWords.Quote(word)), words), $"seed {Seed}, round {i}: {word}");
            Assert.Equal(["name", word], words.Select(Encoding.UTF8.GetString));
        }
    }

    [Theory]
    [InlineData("*", "", true)]
    [InlineData("*", "anything", true)]
    [InlineData("h?llo", "hello", true)]
    [InlineData("h?llo", "hllo", false)]
    [InlineData("h*llo", "heeeello", true)]
    [InlineData("h[ae]llo", "hallo", true)]
    [InlineData("h[ae]llo", "hillo", false)]
    [InlineData("h[^e]llo", "hallo", true)]
    [InlineData("h[^e]llo", "hello", false)]
    [InlineData("h[a-c]llo", "hbllo", true)]
    [InlineData("h[c-a]llo", "hbllo", true)]
    [InlineData("h\\*llo", "h*llo", true)]
    [InlineData("h\\*llo", "hello", false)]
    [InlineData("a*b*c", "aXbXbXc", true)]
    [InlineData("a*b*c", "aXbXbX", false)]
    [InlineData("[", "[", false)]
    [InlineData("a", "ab", false)]
    public void Patterns_match_as_in_Redis(string pattern, string text, bool matches) =>
        Assert.Equal(matches, GlobPattern.IsMatch(Encoding.UTF8.GetBytes(pattern), Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Case_is_ignored_on_request()
    {
        Assert.True(GlobPattern.IsMatch("MAX[A-C]*"u8, "maxclients"u8, ignoreCase: true));
        Assert.False(GlobPattern.IsMatch("MAX*"u8, "maxclients"u8));
    }

    [Fact]
    public void Many_stars_do_not_take_exponential_time()
    {
        var pattern = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("a*", 50)) + "b");
        Assert.False(GlobPattern.IsMatch(pattern, Encoding.ASCII.GetBytes(new string('a', 5000))));
    }
}
