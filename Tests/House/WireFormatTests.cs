namespace Sluice.Tests.House;

/// <summary>A rolling upgrade has old and new nodes side by side, and a new node reads what an old one wrote: what is in the golden file stays as it is.</summary>
public sealed class WireFormatTests
{
    private const string Golden = "Tests/House/wire-format.txt";
    private const string UpdateVariable = "SLUICE_UPDATE_WIRE_FORMAT";

    private static readonly IReadOnlyList<string> Present = WireFormat.Of(typeof(ReplicaKey).Assembly, typeof(NodeOptions).Assembly);

    [Fact]
    public void Nothing_that_crosses_processes_has_changed_or_gone()
    {
        var gone = Known().Except(Present, StringComparer.Ordinal).ToList();

        Assert.True(gone.Count == 0, $"These were on the wire or on disk, and are not any more. Add a new member with a new id instead:{Lines(gone)}");
    }

    [Fact]
    public void What_is_new_on_the_wire_is_entered_in_the_golden_file()
    {
        var added = Present.Except(Known(), StringComparer.Ordinal).ToList();
        if (added.Count > 0 && Environment.GetEnvironmentVariable(UpdateVariable) is { Length: > 0 })
        {
            File.WriteAllLines(Path.Combine(SourceTree.Root, Golden), Known().Union(added, StringComparer.Ordinal).Order(StringComparer.Ordinal));
            added.Clear();
        }

        Assert.True(added.Count == 0, $"These are new. If they are meant to stay for ever, enter them by running this test with {UpdateVariable}=1:{Lines(added)}");
    }

    [Fact]
    public void Every_message_has_an_alias_that_a_new_name_would_not_change() =>
        Assert.DoesNotContain(Present, line => line.Contains("(without an alias)", StringComparison.Ordinal));

    [Fact]
    public void No_two_members_of_a_message_have_the_same_id()
    {
        var twice = Present.Where(line => line.StartsWith("message ", StringComparison.Ordinal) && line.Contains(": ", StringComparison.Ordinal))
            .GroupBy(line => string.Join(' ', line.Split(' ')[..3]), StringComparer.Ordinal)
            .Where(group => group.Count() > 1)
            .Select(group => group.Key)
            .ToList();

        Assert.True(twice.Count == 0, $"Ids are used twice:{Lines(twice)}");
    }

    private static string[] Known() => File.ReadAllLines(Path.Combine(SourceTree.Root, Golden));

    private static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(line => Environment.NewLine + line));
}
