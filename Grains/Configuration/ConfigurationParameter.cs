using System.Globalization;

namespace Sluice.Configuration;

/// <summary>What a parameter's value is, and how Redis words a mistake in it.</summary>
public enum ParameterKind
{
    /// <summary>A whole number in a range.</summary>
    Integer,

    /// <summary>Bytes: a whole number, or one with a unit as Redis has them (<c>1k</c> = 1000, <c>1kb</c> = 1024, likewise m, mb, g, gb).</summary>
    Memory,

    /// <summary>Any text.</summary>
    Text,

    /// <summary>One of some words.</summary>
    Choice,
}

/// <summary>A named parameter: its kind, default, range, and whether CONFIG SET may change it.</summary>
public sealed record ConfigurationParameter
{
    private const string AutoWord = "auto";

    /// <summary>As in CONFIG GET: lower case.</summary>
    public required string Name { get; init; }

    /// <summary>What its value is.</summary>
    public required ParameterKind Kind { get; init; }

    /// <summary>The value when nothing was configured, as it would be written.</summary>
    public required string Default { get; init; }

    /// <summary>The smallest value of an integer or a memory size.</summary>
    public long Minimum { get; init; }

    /// <summary>The largest value of an integer or a memory size.</summary>
    public long Maximum { get; init; } = long.MaxValue;

    /// <summary>Of an integer: the number that the word <c>auto</c> stands for; null: the word is none of its values.</summary>
    public long? Auto { get; init; }

    /// <summary>The words of a choice.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Of a text: what is wrong with it, naming what is allowed; null when nothing is. Null: any text will do.</summary>
    public Func<string, string?>? Check { get; init; }

    /// <summary>False: CONFIG SET refuses it.</summary>
    public bool IsMutable { get; init; } = true;

    /// <summary>Redis has it not: then an error need not be in Redis' words alone, and always names the range.</summary>
    public bool IsOwn { get; init; }

    /// <summary>The parameter that this is another name for, or null: both show one value, and either sets it.</summary>
    public ConfigurationParameter? AliasOf { get; init; }

    /// <summary>One line for people.</summary>
    public required string Summary { get; init; }

    /// <summary>Reads a value.</summary>
    /// <param name="text">As the operator wrote it.</param>
    /// <param name="formatted">As CONFIG GET shows it.</param>
    /// <param name="number">The value of an integer or memory size; the index of a choice; 0 for text.</param>
    /// <returns>What is wrong with it, in Redis' words; null when nothing is.</returns>
    internal string? TryParse(string text, out string formatted, out long number)
    {
        formatted = text;
        number = 0;
        switch (Kind)
        {
            case ParameterKind.Integer when Auto is { } automatic && text.Equals(AutoWord, StringComparison.OrdinalIgnoreCase):
                (formatted, number) = (AutoWord, automatic);
                return null;
            case ParameterKind.Integer:
                if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number))
                {
                    return "argument couldn't be parsed into an integer" + Range();
                }

                break;
            case ParameterKind.Memory:
                if (!MemorySize.TryParse(text, out number))
                {
                    return "argument must be a memory value" + Range();
                }

                break;
            case ParameterKind.Choice:
                number = Choices.ToList().FindIndex(choice => choice.Equals(text, StringComparison.OrdinalIgnoreCase));
                if (number < 0)
                {
                    return $"argument(s) must be one of the following: {string.Join(", ", Choices)}";
                }

                formatted = Choices[(int)number];
                return null;
            default:
                return Check?.Invoke(text);
        }

        formatted = number.ToString(CultureInfo.InvariantCulture);
        return number < Minimum || number > Maximum ? $"argument must be between {Bounds()}" : null;
    }

    private string Range() => IsOwn ? $" between {Bounds()}" : "";

    private string Bounds() => $"{Minimum} and {Maximum} inclusive{(Auto is null ? "" : $", or {AutoWord}")}";
}
