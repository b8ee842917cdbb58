namespace Sluice.Tests.House;

/// <summary>Blanks out the comments, strings and characters of C# source, line breaks kept, so that braces and words that are left are code.</summary>
internal static class CodeOnly
{
    public static string Of(string source)
    {
        var code = source.ToCharArray();
        Code(source, code, 0, untilBrace: false);
        return new string(code);
    }

    /// <summary>Goes over code; returns where it ended: at the end, or behind the brace that closes an interpolation.</summary>
    private static int Code(string source, char[] code, int at, bool untilBrace)
    {
        var depth = 0;
        while (at < source.Length)
        {
            if (source.AsSpan(at).StartsWith("//"))
            {
                at = Blank(code, at, EndOr(source.IndexOf('\n', at), source.Length));
            }
            else if (source.AsSpan(at).StartsWith("/*"))
            {
                at = Blank(code, at, EndOr(source.IndexOf("*/", at + 2, StringComparison.Ordinal) + 2, source.Length, least: at + 2));
            }
            else if (source[at] == '\'')
            {
                at = Blank(code, at, Character(source, at));
            }
            else if (StringStart(source, at, out var dollars, out var verbatim, out var quotes, out var content))
            {
                at = String(source, code, at, content, dollars, verbatim, quotes);
            }
            else
            {
                depth += source[at] == '{' ? 1 : source[at] == '}' ? -1 : 0;
                at++;
                if (untilBrace && depth < 0)
                {
                    return at;
                }
            }
        }

        return at;
    }

    private static bool StringStart(string source, int at, out int dollars, out bool verbatim, out int quotes, out int content)
    {
        (dollars, verbatim, quotes, content) = (0, false, 0, at);
        while (content < source.Length && source[content] is '$' or '@')
        {
            dollars += source[content] == '$' ? 1 : 0;
            verbatim |= source[content] == '@';
            content++;
        }

        while (content < source.Length && source[content] == '"')
        {
            quotes++;
            content++;
        }

        if (quotes is 1 or 2)
        {
            // Two quotes are an empty string: its content begins behind the first.
            content -= quotes - 1;
            quotes = 1;
        }

        return quotes > 0;
    }

    private static int String(string source, char[] code, int start, int at, int dollars, bool verbatim, int quotes)
    {
        Blank(code, start, at);
        while (at < source.Length)
        {
            if (quotes >= 3 && source.AsSpan(at).StartsWith(new string('"', quotes)))
            {
                return Blank(code, at, at + quotes);
            }

            if (quotes == 1 && source[at] == '"' && verbatim && at + 1 < source.Length && source[at + 1] == '"')
            {
                at = Blank(code, at, at + 2);
            }
            else if (quotes == 1 && source[at] == '"')
            {
                return Blank(code, at, at + 1);
            }
            else if (quotes == 1 && !verbatim && source[at] == '\\')
            {
                at = Blank(code, at, at + 2);
            }
            else if (dollars > 0 && source[at] == '{')
            {
                at = Hole(source, code, at, dollars, raw: quotes >= 3);
            }
            else
            {
                at = Blank(code, at, at + 1);
            }
        }

        return at;
    }

    private static int Hole(string source, char[] code, int at, int dollars, bool raw)
    {
        var braces = 0;
        while (at + braces < source.Length && source[at + braces] == '{')
        {
            braces++;
        }

        var opening = raw ? dollars : 1;
        if (raw ? braces < opening : braces % 2 == 0)
        {
            return Blank(code, at, at + braces);
        }

        Blank(code, at, at + braces);
        var end = Code(source, code, at + braces, untilBrace: true);
        return Blank(code, end - 1, Math.Min(source.Length, end - 1 + opening));
    }

    private static int Character(string source, int at)
    {
        var end = at + 1;
        while (end < source.Length && source[end] != '\'' && source[end] != '\n')
        {
            end += source[end] == '\\' ? 2 : 1;
        }

        return Math.Min(source.Length, end + 1);
    }

    private static int EndOr(int found, int otherwise, int least = 0) => found > least ? found : otherwise;

    private static int Blank(char[] code, int from, int to)
    {
        to = Math.Min(to, code.Length);
        for (var i = from; i < to; i++)
        {
            code[i] = code[i] == '\n' ? '\n' : ' ';
        }

        return to;
    }
}
