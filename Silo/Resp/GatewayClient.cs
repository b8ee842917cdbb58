using System.Collections.Concurrent;
using System.Globalization;
using System.Net;

namespace Sluice.Silo.Resp;

/// <summary>One connection as others see it, and what it has chosen. Changed by its own connection only; read by CLIENT LIST from others.</summary>
/// <param name="id">Its number, from 1, never used again.</param>
/// <param name="remote">The client's address.</param>
/// <param name="local">The address that it connected to.</param>
/// <param name="time">For its age and idleness.</param>
/// <param name="abort">Closes the connection at once.</param>
public sealed class GatewayClient(long id, EndPoint? remote, EndPoint? local, TimeProvider time, Action abort)
{
    private readonly long connectedAt = time.GetTimestamp();
    private long lastSeen = time.GetTimestamp();

    /// <summary>Its number.</summary>
    public long Id { get; } = id;

    /// <summary>The client's address as <c>ip:port</c>.</summary>
    public string RemoteAddress { get; } = Format(remote);

    /// <summary>The node's address as <c>ip:port</c>.</summary>
    public string LocalAddress { get; } = Format(local);

    /// <summary>CLIENT SETNAME; empty at first.</summary>
    public string Name { get; set; } = "";

    /// <summary>CLIENT SETINFO LIB-NAME.</summary>
    public string LibraryName { get; set; } = "";

    /// <summary>CLIENT SETINFO LIB-VER.</summary>
    public string LibraryVersion { get; set; } = "";

    /// <summary>2 or 3.</summary>
    public int Protocol { get; set; } = 2;

    /// <summary>It has given the password, or there was none when it came.</summary>
    public bool Authenticated { get; set; }

    /// <summary>CLIENT NO-EVICT.</summary>
    public bool NoEvict { get; set; }

    /// <summary>The connection is closed when the replies so far have been written.</summary>
    public bool CloseAfterReplies { get; set; }

    /// <summary>The last command, lower case.</summary>
    public string LastCommand { get; set; } = "NULL";

    /// <summary>Bytes of a command that is not complete yet.</summary>
    public long PendingBytes { get; set; }

    /// <summary>For each shard that this connection has written to, the newest sequence: what WAIT waits for.</summary>
    public ConcurrentDictionary<int, long> Written { get; } = new();

    /// <summary>Since it connected.</summary>
    public TimeSpan Age => time.GetElapsedTime(connectedAt);

    /// <summary>Since bytes last came from it.</summary>
    public TimeSpan Idle => time.GetElapsedTime(Volatile.Read(ref lastSeen));

    /// <summary>Bytes have come.</summary>
    public void Touch() => Volatile.Write(ref lastSeen, time.GetTimestamp());

    /// <summary>Closes the connection at once.</summary>
    public void Abort() => abort();

    /// <summary>RESET: as it was when it was opened.</summary>
    public void Reset(bool authenticated)
    {
        Name = "";
        Protocol = 2;
        NoEvict = false;
        Authenticated = authenticated;
    }

    /// <summary>One line of CLIENT LIST, without its line feed.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"id={Id} addr={RemoteAddress} laddr={LocalAddress} fd=-1 name={Name} age={(long)Age.TotalSeconds} idle={(long)Idle.TotalSeconds} flags={(NoEvict ? "e" : "N")} db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf={PendingBytes} qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem={PendingBytes} events=r cmd={LastCommand} user=default redir=-1 resp={Protocol} lib-name={LibraryName} lib-ver={LibraryVersion}");

    private static string Format(EndPoint? endPoint) => endPoint switch
    {
        IPEndPoint { Address.IsIPv4MappedToIPv6: true } ip => new IPEndPoint(ip.Address.MapToIPv4(), ip.Port).ToString(),
        null => "?:0",
        _ => endPoint.ToString() ?? "?:0",
    };
}
