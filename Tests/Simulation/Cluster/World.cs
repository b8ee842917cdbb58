using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Sluice.Tests.Simulation.Cluster;

/// <summary>Virtual time, the queue of what happens, and the only source of chance: two runs with the same seed are the same run.</summary>
internal sealed class World(int seed, bool traced, Defect defect = Defect.None)
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly PriorityQueue<Action, (DateTimeOffset At, long Order)> events = new();
    private readonly Random random = new(seed);
    private readonly StringBuilder trace = new();
    private long order;

    public DateTimeOffset Now { get; private set; } = Start;

    public long Events { get; private set; }

    public bool Traced => traced;

    /// <summary>The deliberate defect of this run.</summary>
    public Defect Defect => defect;

    public string Trace => trace.ToString();

    public int Next(int below) => random.Next(below);

    public bool Chance(double probability) => random.NextDouble() < probability;

    public T Pick<T>(IReadOnlyList<T> among) => among[random.Next(among.Count)];

    /// <summary>A time of up to twice the mean; the shortest ones are as likely as the longest.</summary>
    public TimeSpan Around(TimeSpan mean) => 2 * random.NextDouble() * mean;

    /// <summary>A time between two others, each order of magnitude being as likely as any other.</summary>
    public TimeSpan Between(TimeSpan least, TimeSpan most) => least * Math.Pow(most / least, random.NextDouble());

    public Guid NewGuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }

    public int NewSeed() => random.Next();

    public void After(TimeSpan delay, Action happens) => events.Enqueue(happens, (Now + delay, order++));

    /// <summary>Lets everything happen that is due until then, or until it is enough.</summary>
    public void RunUntil(DateTimeOffset end, Func<bool> enough)
    {
        while (!enough() && events.TryPeek(out _, out var due) && due.At <= end)
        {
            var happens = events.Dequeue();
            Now = due.At;
            Events++;
            happens();
        }

        if (!enough() && Now < end)
        {
            Now = end;
        }
    }

    public void Say(string who, [InterpolatedStringHandlerArgument("")] TraceLine line)
    {
        if (traced)
        {
            trace.Append(CultureInfo.InvariantCulture, $"{(Now - Start).TotalSeconds,10:0.000} {who,-3} ").Append(line.Text).Append('\n');
        }
    }

    /// <summary>A line of the trace, whose text is made only when somebody reads it.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct TraceLine
    {
        private readonly StringBuilder? text;

        public TraceLine(int literals, int holes, World world, out bool wanted)
        {
            _ = (literals, holes);
            wanted = world.Traced;
            text = wanted ? new StringBuilder() : null;
        }

        public string Text => text?.ToString() ?? "";

        public void AppendLiteral(string value) => text!.Append(value);

        public void AppendFormatted<T>(T value) => text!.Append(CultureInfo.InvariantCulture, $"{value}");
    }
}
