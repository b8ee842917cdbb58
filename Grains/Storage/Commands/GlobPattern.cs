namespace Sluice.Storage.Commands;

/// <summary>The glob patterns of KEYS and SCAN, with the rules of Redis' <c>stringmatchlen</c>: <c>* ? [abc] [^a] [a-z] \x</c>.</summary>
internal static class GlobPattern
{
    /// <summary>Whether a text matches a pattern. Time is at most the product of their lengths: a '*' is retried from its last place only.</summary>
    public static bool Matches(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text)
    {
        var p = 0;
        var t = 0;
        var star = -1;
        var starText = 0;
        while (true)
        {
            if (p < pattern.Length && pattern[p] == (byte)'*')
            {
                star = ++p;
                starText = t;
                continue;
            }

            if (t == text.Length)
            {
                return p == pattern.Length;
            }

            if (p < pattern.Length && MatchesOne(pattern, ref p, text[t]))
            {
                t++;
                continue;
            }

            if (star < 0)
            {
                return false;
            }

            p = star;
            t = ++starText;
        }
    }

    /// <summary>Matches one element of the pattern, that at <paramref name="p"/>, and steps behind it.</summary>
    private static bool MatchesOne(ReadOnlySpan<byte> pattern, ref int p, byte value)
    {
        switch (pattern[p])
        {
            case (byte)'?':
                p++;
                return true;
            case (byte)'[':
                return MatchesClass(pattern, ref p, value);
            case (byte)'\\' when p + 1 < pattern.Length:
                p += 2;
                return pattern[p - 1] == value;
            default:
                return pattern[p++] == value;
        }
    }

    private static bool MatchesClass(ReadOnlySpan<byte> pattern, ref int p, byte value)
    {
        p++;
        var not = p < pattern.Length && pattern[p] == (byte)'^';
        p += not ? 1 : 0;
        var match = false;
        while (true)
        {
            if (p >= pattern.Length)
            {
                // Redis takes a class without its end as if it ended with the pattern.
                break;
            }

            if (pattern[p] == (byte)'\\' && p + 1 < pattern.Length)
            {
                p++;
                match |= pattern[p] == value;
            }
            else if (pattern[p] == (byte)']')
            {
                p++;
                break;
            }
            else if (p + 2 < pattern.Length && pattern[p + 1] == (byte)'-')
            {
                var low = Math.Min(pattern[p], pattern[p + 2]);
                var high = Math.Max(pattern[p], pattern[p + 2]);
                p += 2;
                match |= value >= low && value <= high;
            }
            else
            {
                match |= pattern[p] == value;
            }

            p++;
        }

        return match != not;
    }
}
