using Sluice.Lab.Network;
using Sluice.Lab.Scenarios;

namespace Sluice.Lab.Systems;

/// <summary>The systems that copy, by name.</summary>
internal static class SystemTable
{
    public const string Sluice = "Sluice";
    public const string RedisDisk = "Redis disk";
    public const string RedisDiskless = "Redis diskless";
    public const string Rsync = "rsync";
    public const string RsyncLimited = "rsync bwlimit";
    public const string Naive = "naive";

    /// <summary>The part of the link that rsync is told to keep to where it is limited.</summary>
    private const double LimitedPart = 0.8;

    /// <summary>Starts a system on a network of its own; nothing is left behind when that fails.</summary>
    public static async Task<CopySystem> StartAsync(string name, CaseContext context, NetworkShape shape, string congestionControl, long bitsPerSecond, int mib, bool measuresForeground = true)
    {
        var network = await LabNetwork.CreateAsync(context.Prefix, shape, congestionControl, bitsPerSecond, CopySystem.Hosts);
        CopySystem system = name switch
        {
            RedisDisk => new RedisPair(context, network, mib, isDiskless: false),
            RedisDiskless => new RedisPair(context, network, mib, isDiskless: true),
            Rsync => new RsyncPair(context, network, mib, 0),
            RsyncLimited => new RsyncPair(context, network, mib, (long)(bitsPerSecond / 8 * LimitedPart)),
            Naive => new NaivePair(context, network, mib),
            _ => new SluicePair(context, network, mib),
        };
        try
        {
            await system.StartAsync(measuresForeground);
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }
}
