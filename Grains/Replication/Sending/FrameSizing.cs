namespace Sluice.Replication;

/// <summary>How long frames are at a pacing rate. Pure.</summary>
public static class FrameSizing
{
    /// <summary>The smallest payload of a full frame.</summary>
    public const int Smallest = 16 << 10;

    // 20 to 50 ms worth (design.md, section 3): in the middle.
    private const double Seconds = 0.03;

    /// <summary>The payload of a full frame: a power of two, about 30 ms worth, between 16 KiB and 1 MiB; 1 MiB without a limit.</summary>
    /// <param name="bytesPerSecond">The pacing rate; 0: no limit.</param>
    public static int Payload(long bytesPerSecond)
    {
        if (bytesPerSecond == 0)
        {
            return Frame.MaxPayload;
        }

        // The power of two nearest by ratio: between 0.7 and 1.4 of 30 ms, thus 21 to 42 ms.
        var exponent = (int)Math.Round(Math.Log2(Math.Max(1, bytesPerSecond * Seconds)));
        return Math.Clamp(1 << Math.Min(exponent, 20), Smallest, Frame.MaxPayload);
    }
}
