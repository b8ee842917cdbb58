namespace Sluice.Tests.Cluster;

/// <summary>How long this machine, busy as it is, makes a thread wait that wants to run: the worst lateness of a timer since this was made.</summary>
internal sealed class MachineLateness : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(20);
    private readonly ITimer timer;
    private long last = TimeProvider.System.GetTimestamp();
    private long worst;

    public MachineLateness() => timer = TimeProvider.System.CreateTimer(_ => Look(), null, Period, Period);

    /// <summary>The worst so far, a lateness that lasts included.</summary>
    public TimeSpan Worst
    {
        get
        {
            Note(TimeProvider.System.GetElapsedTime(Interlocked.Read(ref last)) - Period);
            return TimeSpan.FromTicks(Interlocked.Read(ref worst));
        }
    }

    public void Dispose() => timer.Dispose();

    private void Look()
    {
        var now = TimeProvider.System.GetTimestamp();
        Note(TimeProvider.System.GetElapsedTime(Interlocked.Exchange(ref last, now), now) - Period);
    }

    private void Note(TimeSpan late)
    {
        for (var before = Interlocked.Read(ref worst); late.Ticks > before; before = Interlocked.Read(ref worst))
        {
            Interlocked.CompareExchange(ref worst, late.Ticks, before);
        }
    }
}
