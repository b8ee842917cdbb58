using System.CommandLine;
using System.Net;
using Sluice.Client;

namespace Sluice.Cli;

/// <summary>Which cluster a command talks to.</summary>
/// <param name="Gateways">Gateway endpoints.</param>
/// <param name="ClusterId">The cluster's name.</param>
/// <param name="SharedSecret">The cluster's secret; null: none.</param>
internal sealed record ConnectionSettings(IReadOnlyList<IPEndPoint> Gateways, string ClusterId, string? SharedSecret);

/// <summary>The options that every command takes.</summary>
internal sealed class GlobalOptions
{
    private const string ConnectVariable = "SLUICE_CONNECT";
    private const string ClusterVariable = "SLUICE_CLUSTER_ID";
    private const string SecretVariable = "SLUICE_SECRET_FILE";

    private readonly Option<string?> connect = new("--connect")
    {
        HelpName = "HOST:PORT,...", Recursive = true,
        Description = $"Gateways of the cluster, one that answers is enough [default: 127.0.0.1:{ClusterDefaults.GatewayPort}] [env: {ConnectVariable}]",
    };

    private readonly Option<string?> clusterId = new("--cluster-id")
    {
        HelpName = "NAME", Recursive = true, Description = $"The cluster's name [default: {ClusterDefaults.ClusterId}] [env: {ClusterVariable}]",
    };

    private readonly Option<string?> secretFile = new("--secret-file")
    {
        HelpName = "FILE", Recursive = true, Description = $"A file whose first line is the cluster's secret [env: {SecretVariable}]",
    };

    private readonly Option<bool> json = new("--json") { Recursive = true, Description = "Write JSON; what is watched comes as one object a line" };

    public void AddTo(Command root)
    {
        root.Add(connect);
        root.Add(clusterId);
        root.Add(secretFile);
        root.Add(json);
    }

    public bool Json(ParseResult parsed) => parsed.GetValue(json);

    /// <exception cref="UsageException">An option or variable has no valid value.</exception>
    public ConnectionSettings Connection(ParseResult parsed, CommandEnvironment environment)
    {
        var gateways = Given(parsed.GetValue(connect), environment.Variable(ConnectVariable)) ?? $"127.0.0.1:{ClusterDefaults.GatewayPort}";
        var secretPath = Given(parsed.GetValue(secretFile), environment.Variable(SecretVariable));
        try
        {
            return new ConnectionSettings(
                GatewayAddress.ParseList(gateways),
                Given(parsed.GetValue(clusterId), environment.Variable(ClusterVariable)) ?? ClusterDefaults.ClusterId,
                secretPath is null ? null : SecretFile.Read("--secret-file", secretPath));
        }
        catch (FormatException error)
        {
            throw new UsageException($"--connect: {error.Message}", error);
        }
    }

    private static string? Given(string? option, string? variable) =>
        option is { Length: > 0 } ? option : variable is { Length: > 0 } ? variable : null;
}
