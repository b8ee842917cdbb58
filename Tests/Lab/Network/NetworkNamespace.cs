using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Sluice.Lab.Processes;

namespace Sluice.Lab.Network;

/// <summary>
/// A network namespace of this run. One thread lives in it: sockets that it makes belong to the namespace whoever uses them later, and what it reads under /proc is the namespace's own. So this process talks to
/// what runs there over the namespace's loopback, and not a byte of it crosses the link that is measured.
/// </summary>
internal sealed partial class NetworkNamespace : IAsyncDisposable
{
    private const int CloneNewNet = 0x40000000;
    private readonly BlockingCollection<Action> work = [];
    private readonly Thread thread;

    private NetworkNamespace(string name, SafeFileHandle handle)
    {
        Name = name;
        thread = new Thread(() => Live(handle)) { IsBackground = true, Name = name };
        thread.Start();
    }

    /// <summary>As <c>ip netns</c> knows it.</summary>
    public string Name { get; }

    /// <summary>Makes it, with its loopback up and without IPv6.</summary>
    public static async Task<NetworkNamespace> CreateAsync(string name)
    {
        await Tool.RunAsync("ip", "netns", "add", name);
        var created = new NetworkNamespace(name, File.OpenHandle($"/var/run/netns/{name}"));
        try
        {
            await created.ExecuteAsync("ip", "link", "set", "lo", "up");
            await created.ExecuteAsync("sysctl", "-q", "-w", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1");
            return created;
        }
        catch
        {
            await created.DisposeAsync();
            throw;
        }
    }

    /// <summary>The words of a command that runs inside.</summary>
    public string[] Enter(params string[] command) => ["netns", "exec", Name, .. command];

    /// <summary>Runs a tool inside, to its end.</summary>
    /// <exception cref="LabException">Its exit status is not 0.</exception>
    public Task<string> ExecuteAsync(params string[] command) => Tool.RunAsync("ip", Enter(command));

    /// <summary>Connects from inside.</summary>
    public async Task<Socket> ConnectAsync(IPEndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var socket = await InsideAsync(() => new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        try
        {
            await socket.ConnectAsync(endpoint, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The counters of an interface: bytes received and sent, link-layer headers included, since it was made.</summary>
    public Task<InterfaceBytes> ReadBytesAsync(string networkInterface) => InsideAsync(() =>
    {
        var line = File.ReadLines("/proc/thread-self/net/dev").Select(line => line.Trim()).First(line => line.StartsWith($"{networkInterface}:", StringComparison.Ordinal));
        var numbers = line[(networkInterface.Length + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new InterfaceBytes(long.Parse(numbers[0], CultureInfo.InvariantCulture), long.Parse(numbers[8], CultureInfo.InvariantCulture));
    });

    /// <summary>Removes it, and ends first what still runs in it.</summary>
    public async ValueTask DisposeAsync()
    {
        work.CompleteAdding();
        thread.Join();
        work.Dispose();
        var (_, pids, _) = await Tool.TryAsync("ip", "netns", "pids", Name);
        foreach (var pid in pids.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            await Tool.TryAsync("kill", "-KILL", pid.Trim());
        }

        await Tool.TryAsync("ip", "netns", "del", Name);
    }

    private Task<T> InsideAsync<T>(Func<T> job)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        work.Add(() =>
        {
            try
            {
                done.SetResult(job());
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        });
        return done.Task;
    }

    private void Live(SafeFileHandle handle)
    {
        var status = SetNamespace(handle, CloneNewNet);
        var error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        foreach (var job in work.GetConsumingEnumerable())
        {
            // A thread that did not get in does no job: a socket made outside would measure the wrong network.
            if (status != 0)
            {
                throw new LabException($"The namespace {Name} could not be entered: error {error}.");
            }

            job();
        }
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle handle, int kind);
}

/// <summary>What an interface has carried.</summary>
/// <param name="Received">Bytes, with link-layer headers.</param>
/// <param name="Sent">Bytes, with link-layer headers.</param>
internal readonly record struct InterfaceBytes(long Received, long Sent);
