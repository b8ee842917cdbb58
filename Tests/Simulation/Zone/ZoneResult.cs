using System.Globalization;

namespace Sluice.Tests.Simulation.Zone;

/// <summary>What a simulated zone has shown.</summary>
internal sealed class ZoneResult
{
    private readonly List<(TimeSpan At, double Jain, double Mean)> samples = [];

    /// <summary>Moments at which a link carried more than it had, without having lost capacity just then.</summary>
    public List<string> Violations { get; } = [];

    /// <summary>How long links carried too much after they had lost capacity.</summary>
    public List<TimeSpan> Reactions { get; } = [];

    public long Events { get; set; }

    public long Reports { get; set; }

    public long Plans { get; set; }

    /// <summary>Each flow's rate as a part of its exact max-min share: all alike is fair.</summary>
    public void Sampled(TimeSpan at, IReadOnlyCollection<double> parts)
    {
        var (sum, squares) = (parts.Sum(), parts.Sum(part => part * part));
        samples.Add((at, parts.Count == 0 ? 1 : sum * sum / (parts.Count * squares), parts.Count == 0 ? 1 : sum / parts.Count));
    }

    /// <summary>Jain's index of rates by shares: the median over a time, for in the moment after a change nobody can have heard of his new share.</summary>
    public double Fairness(TimeSpan from, TimeSpan to) => Between(from, to).Select(sample => sample.Jain).Order().ToList() is { Count: > 0 } ordered ? ordered[ordered.Count / 2] : 1;

    /// <summary>The mean part of its share that a flow has.</summary>
    public double Part(TimeSpan from, TimeSpan to) => Between(from, to).Average(sample => sample.Mean);

    public TimeSpan ReactionAt(double quantile) => Reactions.Count == 0 ? TimeSpan.Zero : Reactions.Order().ElementAt((int)(quantile * (Reactions.Count - 1)));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Events} events, {Reports} reports, {Plans} plans, {Violations.Count} violations, fairness {Fairness(TimeSpan.FromSeconds(2), TimeSpan.MaxValue):0.000}, part {Part(TimeSpan.FromSeconds(2), TimeSpan.MaxValue):0.000}, {Reactions.Count} reactions, median {ReactionAt(0.5).TotalMilliseconds:0} ms, p99 {ReactionAt(0.99).TotalMilliseconds:0} ms");

    private IEnumerable<(TimeSpan At, double Jain, double Mean)> Between(TimeSpan from, TimeSpan to) => samples.Where(sample => sample.At >= from && sample.At <= to);
}
