namespace Sluice.Tests.Simulation.Cluster;

/// <summary>
/// Carries calls and connections between processes. A call may be lost on its way or on its way back, or be late; two calls may overtake each other. Pairs of nodes may be cut off from each other.
/// A caller hears of a call exactly once: the answer, or that there was none, and then it does not know whether the call was carried out.
/// </summary>
internal sealed class Network(World world)
{
    // Orleans' response timeout.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Usual = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(3);

    private readonly Dictionary<string, Process> processes = new(StringComparer.Ordinal);
    private readonly HashSet<(string, string)> cuts = [];
    private readonly List<Connection> connections = [];

    /// <summary>The probability that a call or its answer is lost.</summary>
    public double Loss { get; set; }

    /// <summary>The probability that a message takes up to some seconds.</summary>
    public double Lateness { get; set; }

    public long BytesPerSecond { get; set; } = 20_000;

    public IReadOnlyList<Connection> Connections => connections;

    public void Started(Process process) => processes[process.Node] = process;

    public bool Reaches(string from, string to) => !cuts.Contains((from, to)) && !cuts.Contains((to, from));

    public void Cut(string one, string other) => cuts.Add((one, other));

    public void Heal()
    {
        cuts.Clear();
        foreach (var connection in connections.ToList())
        {
            connection.Resume();
        }
    }

    public TimeSpan Latency() => world.Chance(Lateness) ? world.Around(Late / 2) : world.Around(Usual);

    /// <summary>Calls another node, or the same one.</summary>
    /// <param name="from">The caller.</param>
    /// <param name="to">The node that is called.</param>
    /// <param name="serve">What it does there, at once; it gets the process that serves and two ways to answer, at any time: a result, or an error.</param>
    /// <param name="answered">Gets the result.</param>
    /// <param name="failed">Gets the error, or learns that there was no answer.</param>
    public void Call<T>(Process from, string to, Action<Process, Action<T>, Action<string>> serve, Action<T> answered, Action<string> failed)
    {
        var over = false;
        void Outcome(Action happens)
        {
            if (from.IsAlive && !over)
            {
                over = true;
                happens();
            }
        }

        var isLocal = string.Equals(from.Node, to, StringComparison.Ordinal);
        world.After(Patience, () => Outcome(() => failed($"no answer from {to}")));
        world.After(isLocal ? TimeSpan.Zero : Latency(), () =>
        {
            if (!isLocal && (!Reaches(from.Node, to) || world.Chance(Loss)))
            {
                return;
            }

            if (!processes.TryGetValue(to, out var target) || !target.IsAlive)
            {
                world.After(Latency(), () => Outcome(() => failed($"{to} is down")));
                return;
            }

            void Back(Action happens) => world.After(isLocal ? TimeSpan.Zero : Latency(), () =>
            {
                if (isLocal || (Reaches(from.Node, to) && !world.Chance(Loss)))
                {
                    Outcome(happens);
                }
            });

            serve(target, result => Back(() => answered(result)), error => Back(() => failed(error)));
        });
    }

    /// <summary>Opens a connection. The server takes it by setting what its end does with frames, or closes it.</summary>
    public void Connect(Process from, string to, Action<Process, ConnectionEnd> accept, Action<ConnectionEnd> connected, Action<string> failed) =>
        Call<ConnectionEnd>(
            from,
            to,
            (server, answer, _) =>
            {
                var connection = new Connection(world, this, from, server);
                connections.Add(connection);
                accept(server, connection.Server);
                answer(connection.Client);
            },
            end =>
            {
                if (end.IsOpen)
                {
                    connected(end);
                }
                else
                {
                    failed("the connection broke at once");
                }
            },
            failed);

    public void Forget(Connection connection) => connections.Remove(connection);
}
