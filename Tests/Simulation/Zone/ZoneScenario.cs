namespace Sluice.Tests.Simulation.Zone;

/// <summary>What happens to a zone. Rates in bytes per second.</summary>
internal sealed record ZoneScenario
{
    public int Nodes { get; init; } = 10;

    /// <summary>Flows at the beginning; as many are aimed at all the time.</summary>
    public int Flows { get; init; } = 40;

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Flows that join, and as many that leave, each second.</summary>
    public double ChurnPerSecond { get; init; } = 2;

    /// <summary>Links that change their capacity to between a tenth and the whole of their speed, each second.</summary>
    public double StepsPerSecond { get; init; }

    /// <summary>The part of reports, and of answers, that are lost.</summary>
    public double Loss { get; init; }

    /// <summary>The part of reports, and of answers, that take up to half a second.</summary>
    public double Late { get; init; }

    /// <summary>When the broker is activated anew, having forgotten everything.</summary>
    public TimeSpan? BrokerRestartsAt { get; init; }

    /// <summary>From when on half of the nodes report to a second broker, for eight seconds; then all do.</summary>
    public TimeSpan? BrokersDoubleAt { get; init; }
}
