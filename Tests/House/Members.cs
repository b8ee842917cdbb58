using System.Text.RegularExpressions;

namespace Sluice.Tests.House;

/// <summary>A method, constructor, accessor or property with a body.</summary>
/// <param name="Header">Its declaration, on one line.</param>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="Lines">How long it is.</param>
internal sealed record Member(string Header, int Line, int Lines);

/// <summary>Finds the members of types by their braces.</summary>
internal static partial class Members
{
    public static IReadOnlyList<Member> Of(string source)
    {
        var code = CodeOnly.Of(source);
        List<Member> members = [];
        // What each open brace belongs to: true for a namespace or type, false inside a member.
        Stack<bool> open = new();
        var header = 0;
        (int Start, int Depth)? member = null;
        for (var at = 0; at < code.Length; at++)
        {
            switch (code[at])
            {
                case '{':
                    var isType = member is null && TypeOrNamespace().IsMatch(code[header..at]);
                    if (!isType && member is null && !IsField(code[header..at]))
                    {
                        member = (header, open.Count);
                    }

                    open.Push(isType);
                    header = isType ? at + 1 : header;
                    break;
                case '}':
                    open.Pop();
                    if (member is { } inside && inside.Depth == open.Count)
                    {
                        members.Add(Describe(code, inside.Start, at));
                        member = null;
                    }

                    header = member is null ? at + 1 : header;
                    break;
                case ';' when member is null && (open.Count == 0 || open.Peek()):
                    if (code.AsSpan(header, at - header).IndexOf("=>") >= 0 && !IsField(code[header..at]))
                    {
                        members.Add(Describe(code, header, at));
                    }

                    header = at + 1;
                    break;
            }
        }

        return members;
    }

    [GeneratedRegex(@"\b(namespace|class|struct|record|interface|enum)\s+\w")]
    private static partial Regex TypeOrNamespace();

    [GeneratedRegex(@"^[^()]*=>\s*(new\b|\[)")]
    private static partial Regex TableProperty();

    private static Member Describe(string code, int start, int end)
    {
        var trimmed = start + (code[start..end].Length - code[start..end].TrimStart().Length);
        var line = 1 + code.AsSpan(0, trimmed).Count('\n');
        var text = code[trimmed..end];
        var stop = text.AsSpan().IndexOfAny('{', '\n');
        return new Member((stop < 0 ? text : text[..stop]).Trim(), line, 1 + text.AsSpan().Count('\n'));
    }

    /// <summary>An assignment outside parentheses before any arrow, or a property that is one new object: a table, not a method.</summary>
    private static bool IsField(string header)
    {
        if (TableProperty().IsMatch(header))
        {
            return true;
        }

        var depth = 0;
        for (var at = 0; at < header.Length; at++)
        {
            depth += header[at] is '(' or '[' ? 1 : header[at] is ')' or ']' ? -1 : 0;
            if (depth == 0 && header[at] == '=' && header.IndexOf("operator", StringComparison.Ordinal) < 0)
            {
                return at + 1 >= header.Length || header[at + 1] != '>';
            }
        }

        return false;
    }
}
