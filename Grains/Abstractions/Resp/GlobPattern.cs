namespace Sluice.Resp;

/// <summary>
/// Redis' glob patterns over bytes: <c>*</c>, <c>?</c>, <c>[abc]</c>, <c>[^a-z]</c>, <c>\x</c>. Linear in the text for each star: a pattern of many stars
/// backtracks to the last star only, so no pattern can make it exponential.
/// </summary>
public static class GlobPattern
{
    /// <summary>True when the whole text matches.</summary>
    public static bool IsMatch(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text, bool ignoreCase = false)
    {
        var at = 0;
        var index = 0;
        var starPattern = -1;
        var starText = 0;
        while (index < text.Length)
        {
            if (at < pattern.Length && pattern[at] == (byte)'*')
            {
                starPattern = ++at;
                starText = index;
                continue;
            }

            var next = at;
            if (at < pattern.Length && MatchesOne(pattern, ref next, text[index], ignoreCase))
            {
                at = next;
                index++;
                continue;
            }

            if (starPattern < 0)
            {
                return false;
            }

            at = starPattern;
            index = ++starText;
        }

        while (at < pattern.Length && pattern[at] == (byte)'*')
        {
            at++;
        }

        return at == pattern.Length;
    }

    private static bool MatchesOne(ReadOnlySpan<byte> pattern, ref int at, byte value, bool ignoreCase)
    {
        switch (pattern[at])
        {
            case (byte)'?':
                at++;
                return true;
            case (byte)'[':
                return MatchesClass(pattern, ref at, value, ignoreCase);
            case (byte)'\\' when at + 1 < pattern.Length:
                at += 2;
                return AreEqual(pattern[at - 1], value, ignoreCase);
            default:
                return AreEqual(pattern[at++], value, ignoreCase);
        }
    }

    private static bool MatchesClass(ReadOnlySpan<byte> pattern, ref int at, byte value, bool ignoreCase)
    {
        at++;
        var negated = at < pattern.Length && pattern[at] == (byte)'^';
        if (negated)
        {
            at++;
        }

        var matches = false;
        while (at < pattern.Length && pattern[at] != (byte)']')
        {
            if (pattern[at] == (byte)'\\' && at + 1 < pattern.Length)
            {
                at++;
                matches |= AreEqual(pattern[at], value, ignoreCase);
            }
            else if (at + 2 < pattern.Length && pattern[at + 1] == (byte)'-')
            {
                var (low, high) = (Fold(pattern[at], ignoreCase), Fold(pattern[at + 2], ignoreCase));
                var folded = Fold(value, ignoreCase);
                matches |= folded >= Math.Min(low, high) && folded <= Math.Max(low, high);
                at += 2;
            }
            else
            {
                matches |= AreEqual(pattern[at], value, ignoreCase);
            }

            at++;
        }

        if (at < pattern.Length)
        {
            at++;
        }

        return matches != negated;
    }

    private static bool AreEqual(byte left, byte right, bool ignoreCase) => Fold(left, ignoreCase) == Fold(right, ignoreCase);

    private static byte Fold(byte value, bool ignoreCase) => ignoreCase && value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value | 0x20) : value;
}
