namespace Sluice.Lab.Scenarios;

/// <summary>All scenarios, in the order in which they run.</summary>
internal static class ScenarioTable
{
    public static IReadOnlyList<IScenario> All { get; } =
        [new IncidentScenario(), SlowScenario.Slow, SlowScenario.Polite, new DegradeScenario(), new ShrinkScenario(), new ProxyScenario(), new KillScenario(), new WritesScenario(), new StormScenario(), new ThrottleScenario(), new CutScenario(), new UnlimitedScenario()];

    private static readonly string[] Quick = ["slow", "throttle"];

    /// <summary>The cases that words name; all when there is none, or those of the short form.</summary>
    public static IReadOnlyList<LabCase> Select(IReadOnlyList<string> words, bool quick, out string? unknown)
    {
        var cases = All.SelectMany(scenario => scenario.Cases(quick)).ToList();
        unknown = words.FirstOrDefault(word => !cases.Any(known => known.IsNamedBy(word)));
        return [.. cases.Where(known => words.Count > 0 ? words.Any(known.IsNamedBy) : !quick || Quick.Contains(known.Scenario))];
    }

    /// <summary>Prints scenarios and cases.</summary>
    public static void Print(IReadOnlyList<LabCase> cases)
    {
        foreach (var scenario in All.Where(scenario => cases.Any(known => known.Scenario == scenario.Name)))
        {
            Console.WriteLine($"{scenario.Name}: {scenario.Summary}");
            foreach (var known in cases.Where(known => known.Scenario == scenario.Name))
            {
                Console.WriteLine($"  {known.Id}");
            }
        }
    }
}
