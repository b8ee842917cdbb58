namespace Sluice.Silo.Resp;

/// <summary>What clients are told they talk to.</summary>
internal static class Compatibility
{
    /// <summary>The Redis version whose commands, errors and reply shapes the gateway follows. Clients choose features by it.</summary>
    public const string RedisVersion = "7.2.0";
}
