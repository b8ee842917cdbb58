using System.Net;

namespace Orleans.Configuration
{
    /// <summary>Which cluster a silo or client belongs to; those of another are refused.</summary>
    public class ClusterOptions
    {
        /// <summary>The cluster when none is given.</summary>
        public const string DefaultClusterId = "default";

        /// <summary>The service when none is given.</summary>
        public const string DefaultServiceId = "default";

        /// <summary>The cluster.</summary>
        public string ClusterId { get; set; } = DefaultClusterId;

        /// <summary>The service; outlives clusters.</summary>
        public string ServiceId { get; set; } = DefaultServiceId;
    }

    /// <summary>The name of a silo.</summary>
    public class SiloOptions
    {
        /// <summary>The name; by default <c>Silo_</c> and a random suffix.</summary>
        public string SiloName { get; set; } = "";
    }

    /// <summary>Where a silo listens.</summary>
    public class EndpointOptions
    {
        /// <summary>The silo port when none is given.</summary>
        public const int DEFAULT_SILO_PORT = 11111;

        /// <summary>The gateway port when none is given.</summary>
        public const int DEFAULT_GATEWAY_PORT = 30000;

        /// <summary>The address that others reach the silo by.</summary>
        public IPAddress AdvertisedIPAddress { get; set; } = IPAddress.Loopback;

        /// <summary>The port for other silos, 1 to 65535.</summary>
        public int SiloPort { get; set; } = DEFAULT_SILO_PORT;

        /// <summary>The port for clients; 0 for none.</summary>
        public int GatewayPort { get; set; } = DEFAULT_GATEWAY_PORT;

        /// <summary>Where to listen for silos, if not at the advertised address.</summary>
        public IPEndPoint? SiloListeningEndpoint { get; set; }

        /// <summary>Where to listen for clients, if not at the advertised address.</summary>
        public IPEndPoint? GatewayListeningEndpoint { get; set; }
    }

    /// <summary>The silo that others of a development cluster join at.</summary>
    public class DevelopmentClusterMembershipOptions
    {
        /// <summary>Its silo endpoint; null when this silo is it.</summary>
        public IPEndPoint? PrimarySiloEndpoint { get; set; }
    }

    /// <summary>How silos watch each other.</summary>
    public class ClusterMembershipOptions
    {
        /// <summary>The time between two heartbeats, and how long one may take. Here 1 s by default, where Orleans has 5 s.</summary>
        public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(1);

        /// <summary>After how many missed heartbeats a silo is dead. Here 5 by default, where Orleans has 3.</summary>
        public int NumMissedProbesLimit { get; set; } = 5;
    }

    /// <summary>When idle grains are collected.</summary>
    public class GrainCollectionOptions
    {
        /// <summary>How long a grain must be idle.</summary>
        public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

        /// <summary>How often idle grains are looked for.</summary>
        public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

        /// <summary>How long OnActivateAsync may take.</summary>
        public TimeSpan ActivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

        /// <summary>How long OnDeactivateAsync may take.</summary>
        public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);
    }

    /// <summary>What silos and clients have in common in calling grains.</summary>
    public abstract class MessagingOptions
    {
        /// <summary>How long a caller waits for an answer; then it gets a <see cref="TimeoutException"/>.</summary>
        public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

        /// <summary>Whether the token of a call that timed out is cancelled in the grain, which else goes on.</summary>
        public bool CancelRequestOnTimeout { get; set; }

        /// <summary>The largest message in bytes, 100 MiB by default.</summary>
        public int MaxMessageBodySize { get; set; } = 100 * 1024 * 1024;
    }

    /// <summary>How a silo calls grains.</summary>
    public class SiloMessagingOptions : MessagingOptions
    {
        /// <summary>How often a request may be sent on to another silo.</summary>
        public int MaxForwardCount { get; set; } = 2;
    }

    /// <summary>How a client calls grains.</summary>
    public class ClientMessagingOptions : MessagingOptions;

    /// <summary>The gateways that a client knows.</summary>
    public class StaticGatewayListProviderOptions
    {
        /// <summary>Each as <c>gwy.tcp://ip:port/0</c>.</summary>
        public List<Uri> Gateways { get; set; } = [];
    }
}
