namespace Sluice.Sync;

/// <summary>What the parts of a <see cref="SyncMachine"/> share: the record, the two lines, and what is told.</summary>
internal sealed class SyncContext
{
    private SyncState state;
    private string detail = "";
    private string error = "";
    private int tries = 1;
    private Tell? told;
    private Wait waited = new((TimeSpan?)null);

    /// <summary>Begins with nothing.</summary>
    public SyncContext(Random random)
    {
        Main = new SyncLine(Output, random);
        Spool = new SpoolLine(Output, random);
    }

    /// <summary>The actions of the present step.</summary>
    public SyncOutput Output { get; } = new();

    /// <summary>Everything but the spool.</summary>
    public SyncLine Main { get; }

    /// <summary>The spool's line.</summary>
    public SpoolLine Spool { get; }

    /// <summary>What is remembered.</summary>
    public SyncRecord Record { get; private set; } = new();

    /// <summary>The order that is carried out.</summary>
    public SyncOrder Order => Record.Order ?? throw new InvariantException("Nothing goes on without an order.");

    /// <summary>The state that was entered last.</summary>
    public SyncState State => state;

    /// <summary>The node that a new snapshot, and the log that is spooled beside it, come from.</summary>
    public string CopySource => Order.CopyFrom ?? Order.Source;

    /// <summary>Takes over what was written before the process started.</summary>
    public void Recover(SyncRecord record) => Record = record;

    /// <summary>Remembers something else from now on.</summary>
    public void Persist(SyncRecord next)
    {
        Record = next;
        Output.Add(new Persist(next));
    }

    /// <summary>An order begins: it has had no failures.</summary>
    public void Begin() => (tries, error) = (1, "");

    /// <summary>Enters a state, or says something else of it.</summary>
    public void Enter(SyncState next, string what)
    {
        (state, detail) = (next, what);
        if (next == SyncState.Live)
        {
            error = "";
        }
    }

    /// <summary>The main line pauses before its next attempt, each time longer.</summary>
    public void Retry(SyncState next, string reason, TimeSpan now)
    {
        var pause = Main.Pause(now);
        tries++;
        error = reason;
        Enter(next, $"next attempt in {Seconds(pause)}: {reason}");
    }

    /// <summary>Ends a step: says what has changed.</summary>
    public IReadOnlyList<SyncAction> Finish()
    {
        var tell = new Tell(state, Spool.Trouble.Length == 0 ? detail : $"{detail}; the log beside it waits: {Spool.Trouble}", tries, error);
        if (tell != told)
        {
            told = tell;
            Output.Tell(tell);
        }

        var wait = new Wait(Earlier(Main.WakeAt, Spool.WakeAt));
        if (wait != waited)
        {
            waited = wait;
            Output.Add(wait);
        }

        return Output.Take();
    }

    private static string Seconds(TimeSpan pause) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{pause.TotalSeconds:0.0} s");

    private static TimeSpan? Earlier(TimeSpan? left, TimeSpan? right) => left is { } a && right is { } b ? (a < b ? a : b) : left ?? right;
}
