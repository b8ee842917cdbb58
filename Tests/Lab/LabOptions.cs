namespace Sluice.Lab;

/// <summary>What the command line orders.</summary>
internal sealed record LabOptions
{
    /// <summary>The text of --help.</summary>
    public const string Usage = """
        ./lab.sh [SCENARIO...] [OPTION...]
          SCENARIO           a scenario, or a part of one: slow, slow/routed, slow/routed/bbr (all scenarios when none is named)
          --quick            the short form: smaller payloads, fewer scenarios, about three minutes
          --list             names all scenarios and their cases
          --results FILE     where results are gathered [default: lab-results.json]
          --keep             keeps the data and logs of the run, and says where
          --write-docs       writes docs/lab.md and its pictures from docs/lab.json and the results; runs nothing
        Exit status 0 only if all bounds are met; 1 when one is missed; 2 when the command line is wrong; 3 when the lab cannot run here.
        """;

    public IReadOnlyList<string> Scenarios { get; init; } = [];

    public bool IsQuick { get; init; }

    public bool Lists { get; init; }

    public bool Keeps { get; init; }

    public bool WritesDocs { get; init; }

    public string Results { get; init; } = "lab-results.json";

    /// <summary>Reads the command line.</summary>
    /// <exception cref="FormatException">It has a word that means nothing.</exception>
    public static LabOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new LabOptions();
        for (var i = 0; i < arguments.Count; i++)
        {
            options = arguments[i] switch
            {
                "--quick" => options with { IsQuick = true },
                "--list" => options with { Lists = true },
                "--keep" => options with { Keeps = true },
                "--write-docs" => options with { WritesDocs = true },
                "--results" when i + 1 < arguments.Count => options with { Results = arguments[++i] },
                var word when !word.StartsWith('-') => options with { Scenarios = [.. options.Scenarios, word] },
                var word => throw new FormatException($"'{word}' is no option, or its value is missing"),
            };
        }

        return options;
    }
}
