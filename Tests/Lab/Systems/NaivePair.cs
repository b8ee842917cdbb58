using System.Globalization;
using System.Net;
using Sluice.Lab.NaiveCopier;
using Sluice.Lab.Network;
using Sluice.Lab.Processes;
using Sluice.Lab.Scenarios;

namespace Sluice.Lab.Systems;

/// <summary>The copier of the incident. A small redis-server beside it answers the foreground.</summary>
internal sealed class NaivePair(CaseContext context, LabNetwork network, int mib) : CopySystem(context, network, mib)
{
    private const int Port = 9000;
    private readonly RedisServerProcess foreground = new(network, LabNetwork.Primary, context.Directory);
    private readonly string notes = Path.Combine(context.Directory, "naive.txt");
    private LabProcess? server;
    private LabProcess? client;

    public override RespServer Foreground => foreground.Server;

    /// <summary>How many pieces have come in time.</summary>
    public int Pieces => Count("piece ");

    /// <summary>How many requests had no answer in time.</summary>
    public int Timeouts => Count("timeout ");

    /// <summary>How many pieces there are.</summary>
    public int AllPieces => (int)(PayloadBytes / NaiveServer.PieceBytes);

    protected override int? PrimaryPid => server?.Pid;

    protected override int? ReplicaPid => client?.Pid;

    public override Task<bool> IsDoneAsync() => Task.FromResult(Count("done") > 0);

    public override Task KillReplicaAsync() => client!.KillAsync();

    public override Task RestartReplicaAsync() => OrderCopyAsync();

    public override Task KillPrimaryAsync() => server!.KillAsync();

    public override async Task RestartPrimaryAsync()
    {
        await server!.DisposeAsync();
        StartServer();
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var process in new[] { client, server })
        {
            if (process is not null)
            {
                await process.DisposeAsync();
            }
        }

        await foreground.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override async Task StartSidesAsync(int mib)
    {
        await foreground.StartAsync(Context.Cancellation);
        await foreground.Server.LoadAsync(0, Context.Cancellation);
        StartServer();
    }

    protected override Task OrderCopyAsync()
    {
        client = Start(LabNetwork.Replica, "naive-client", new IPEndPoint(Network.AddressOf(LabNetwork.Primary), Port).ToString(), AllPieces.ToString(CultureInfo.InvariantCulture), notes);
        return Task.CompletedTask;
    }

    private void StartServer() => server = Start(LabNetwork.Primary, "naive-server", new IPEndPoint(Network.AddressOf(LabNetwork.Primary), Port).ToString());

    private LabProcess Start(string host, params string[] arguments) => LabProcess.Start(
        Network[host], Path.Combine(Context.Directory, $"{arguments[0]}.log"), ["dotnet", Path.Combine(AppContext.BaseDirectory, "Sluice.Lab.dll"), .. arguments]);

    private int Count(string word)
    {
        if (!File.Exists(notes))
        {
            return 0;
        }

        using var reader = new StreamReader(new FileStream(notes, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd().Split('\n').Count(line => line.StartsWith(word, StringComparison.Ordinal));
    }
}
