namespace Orleans;

/// <summary>
/// The calls that wait for an answer, so that each is failed when its time is up. Linked lists in a few stripes: entering and leaving
/// cost a short lock and no memory; a timer looks through them a few times per second, which is as exact as a response timeout needs.
/// </summary>
internal sealed class PendingCalls : IDisposable
{
    private static readonly TimeSpan Sweep = TimeSpan.FromMilliseconds(100);
    private readonly Stripe[] _stripes = [.. Enumerable.Range(0, 16).Select(_ => new Stripe())];
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly bool _cancelOverdue;
    private int _next;

    public PendingCalls(TimeProvider time, bool cancelOverdue)
    {
        _time = time;
        _cancelOverdue = cancelOverdue;
        _timer = time.CreateTimer(static self => ((PendingCalls)self!).FailOverdue(), this, Sweep, Sweep);
    }

    public void Add(Invocation call)
    {
        call.Deadline = _time.GetTimestamp() + (long)(call.Timeout.TotalSeconds * _time.TimestampFrequency);
        call.Stripe = Interlocked.Increment(ref _next) & 15;
        var stripe = _stripes[call.Stripe];
        lock (stripe)
        {
            call.Next = stripe.First;
            if (stripe.First is { } first)
            {
                first.Previous = call;
            }

            stripe.First = call;
        }
    }

    public void Remove(Invocation call)
    {
        if (call.Stripe < 0)
        {
            return;
        }

        var stripe = _stripes[call.Stripe];
        lock (stripe)
        {
            if (call.Previous is { } previous)
            {
                previous.Next = call.Next;
            }
            else if (ReferenceEquals(stripe.First, call))
            {
                stripe.First = call.Next;
            }

            if (call.Next is { } next)
            {
                next.Previous = call.Previous;
            }

            call.Next = call.Previous = null;
        }
    }

    public void Dispose() => _timer.Dispose();

    private void FailOverdue()
    {
        var now = _time.GetTimestamp();
        List<Invocation>? overdue = null;
        foreach (var stripe in _stripes)
        {
            lock (stripe)
            {
                for (var call = stripe.First; call is not null; call = call.Next)
                {
                    if (now - call.Deadline >= 0)
                    {
                        (overdue ??= []).Add(call);
                    }
                }
            }
        }

        foreach (var call in overdue ?? [])
        {
            // Removed here as well as by its completion: a call may have been completed before it was added.
            Remove(call);
            call.Fail(new TimeoutException($"Response did not arrive on time in {call.Timeout} for {call.Method.InterfaceName}.{call.Method.Name} of grain {call.Target}."));
            if (_cancelOverdue)
            {
                call.CancelCallee();
            }
        }
    }

    private sealed class Stripe
    {
        public Invocation? First { get; set; }
    }
}
