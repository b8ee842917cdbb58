namespace Sluice.Bandwidth.RateControl;

/// <summary>
/// The last samples of a flow, to be asked what was delivered, sent, allowed and lost over the last so many milliseconds.
/// <para>
/// Why the delivery rate is taken from differences of acknowledged bytes and not from <c>tcpi_delivery_rate</c>: the kernel's figure spans one round trip, which on a short path is a single burst (on a
/// 100 Mb/s link with 0.1 ms it read 2.5 Gb/s), and it keeps the highest while a connection is application-limited (tcp_rate.c), which a paced connection almost always is.
/// </para>
/// </summary>
internal sealed class DeliveryWindow
{
    // 1.2 s at the shortest interval: more than the longest window that is asked for at that interval.
    private readonly Point[] points = new Point[64];
    private int count;
    private double allowed;

    /// <summary>Enters a sample.</summary>
    /// <param name="sample">Samples come in the order of time.</param>
    /// <param name="pacing">The pacing rate that was in force since the last one, bytes per second.</param>
    public void Add(in PathSample sample, double pacing)
    {
        if (count > 0)
        {
            allowed += pacing * (sample.At - Newest.At).TotalSeconds;
        }

        points[count % points.Length] = new Point(sample.At, sample.AckedBytes, sample.SentBytes, allowed, sample.RetransmittedBytes, sample.HeldBack.TotalSeconds);
        count++;
    }

    /// <summary>What happened between the newest sample and the newest one that is at least a time older, or the oldest one that is remembered.</summary>
    public Traffic Over(double seconds)
    {
        var newest = Newest;
        var from = newest;
        var oldest = Math.Max(0, count - points.Length);
        for (var index = count - 2; index >= oldest; index--)
        {
            from = points[index % points.Length];
            if ((newest.At - from.At).TotalSeconds >= seconds)
            {
                break;
            }
        }

        return new Traffic(
            (newest.At - from.At).TotalSeconds, newest.Acked - from.Acked, newest.Sent - from.Sent, newest.Allowed - from.Allowed, newest.Retransmitted - from.Retransmitted, newest.HeldBack - from.HeldBack);
    }

    private Point Newest => points[(count - 1) % points.Length];

    private readonly record struct Point(TimeSpan At, double Acked, double Sent, double Allowed, double Retransmitted, double HeldBack);
}

/// <summary>Bytes of a stretch of time.</summary>
/// <param name="Seconds">Its length; 0: nothing is known.</param>
/// <param name="Acked">Acknowledged.</param>
/// <param name="Sent">Given to the network.</param>
/// <param name="Allowed">What pacing would have let through.</param>
/// <param name="Retransmitted">Sent again.</param>
/// <param name="HeldBack">For how long of it the kernel held the sender back.</param>
internal readonly record struct Traffic(double Seconds, double Acked, double Sent, double Allowed, double Retransmitted, double HeldBack)
{
    /// <summary>The delivery rate, bytes per second.</summary>
    public double Delivery => Seconds > 0 ? Acked / Seconds : 0;
}
