using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Sluice.Cli;
using Sluice.Cli.Loading;
using Sluice.Client;

namespace Sluice.Tests.Client;

public sealed class FileLoaderTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sluice-load-");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public void Files_are_found_below_a_directory_with_their_relative_paths_as_keys()
    {
        Write("a.txt", 3);
        Write("sub/deeper/b.bin", 5);
        Write("sub/.hidden", 0);
        File.CreateSymbolicLink(Path.Combine(directory.FullName, "link"), Path.Combine(directory.FullName, "a.txt"));
        File.CreateSymbolicLink(Path.Combine(directory.FullName, "nowhere"), "/no/such/file");
        Directory.CreateSymbolicLink(Path.Combine(directory.FullName, "sub/circle"), directory.FullName);

        var files = FileSet.Find(directory.FullName);

        Assert.Equal([("a.txt", 3), ("link", 3), ("sub/.hidden", 0), ("sub/deeper/b.bin", 5)], files.Files.Select(file => (file.Key, file.Size)));
        Assert.Equal(11, files.Bytes);
    }

    [Fact]
    public void A_file_larger_than_a_value_can_be_is_refused_by_name_before_anything_is_loaded()
    {
        using (var large = File.Create(Path.Combine(directory.FullName, "large")))
        {
            large.SetLength(FileSet.MaxValueBytes + 1);
        }

        var error = Assert.Throws<CommandFailedException>(() => FileSet.Find(directory.FullName));

        Assert.Contains("large' has 512.0 MiB", error.Message, StringComparison.Ordinal);
        Assert.Contains("nothing was loaded", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_directory_is_refused() => Assert.Throws<CommandFailedException>(() => FileSet.Find(directory.FullName));

    [Fact]
    public async Task Every_file_arrives_whole_whatever_its_size()
    {
        foreach (var (size, number) in new[] { 0, 1, 100, 128 * 1024 - 1, 128 * 1024, 128 * 1024 + 1, 5_000_000 }.Select((size, number) => (size, number)))
        {
            Write($"f{number}", size);
        }

        for (var i = 0; i < 600; i++)
        {
            Write($"small/{i}", i);
        }

        await using var server = new RecordingServer();
        var files = FileSet.Find(directory.FullName);
        var loader = new FileLoader(server.Endpoint, password: null, connections: 3);
        await loader.LoadAsync(files.Files, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(new LoadProgress(607, files.Bytes), loader.Progress);
        foreach (var file in files.Files)
        {
            Assert.Equal(Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file.Path))), server.Received[file.Key]);
        }
    }

    [Fact]
    public async Task A_value_that_the_node_refuses_ends_the_load_with_its_words_and_the_key()
    {
        Write("a", 10);
        Write("b", 10);
        await using var server = new RecordingServer { Refused = "b" };

        var error = await Assert.ThrowsAsync<SluiceCommandException>(() =>
            new FileLoader(server.Endpoint, null, 2).LoadAsync(FileSet.Find(directory.FullName).Files, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60)));

        Assert.Equal("READONLY no (the node's answer to SET b)", error.Message);
    }

    [Fact]
    public async Task A_node_that_closes_the_connection_ends_the_load()
    {
        for (var i = 0; i < 50; i++)
        {
            Write($"f{i}", 1000);
        }

        await using var server = new RecordingServer { ClosesAfter = 10 };

        await Assert.ThrowsAsync<SluiceUnreachableException>(() =>
            new FileLoader(server.Endpoint, null, 1).LoadAsync(FileSet.Find(directory.FullName).Files, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task Nobody_at_the_port_is_one_sentence()
    {
        Write("a", 1);
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var endpoint = (IPEndPoint)listener.LocalEndpoint;
        listener.Stop();

        var error = await Assert.ThrowsAsync<SluiceUnreachableException>(() =>
            new FileLoader(endpoint, null, 2).LoadAsync(FileSet.Find(directory.FullName).Files, CancellationToken.None));

        Assert.Contains($"No RESP port answers at {endpoint}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_bytes_in_flight_stay_within_the_window_unless_one_value_alone_is_larger()
    {
        var window = new InFlight(maxCommands: 3, maxBytes: 100);
        var waits = 0;
        ValueTask Waiting()
        {
            waits++;
            return ValueTask.CompletedTask;
        }

        await window.EnterAsync("huge", 1000, Waiting, CancellationToken.None);
        var second = window.EnterAsync("small", 10, Waiting, CancellationToken.None).AsTask();
        Assert.False(second.IsCompleted);
        window.Leave((await window.NextAsync(CancellationToken.None))!.Value.Bytes);
        await second.WaitAsync(TimeSpan.FromSeconds(10));
        await window.EnterAsync("b", 90, Waiting, CancellationToken.None);
        var over = window.EnterAsync("c", 1, Waiting, CancellationToken.None).AsTask();
        Assert.False(over.IsCompleted);
        window.Leave((await window.NextAsync(CancellationToken.None))!.Value.Bytes);
        await over.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(2, waits);
    }

    private void Write(string name, int size)
    {
        var path = Path.Combine(directory.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var content = new byte[size];
        new Random(size).NextBytes(content);
        File.WriteAllBytes(path, content);
    }

    /// <summary>Answers SET with OK and remembers the value's digest.</summary>
    private sealed class RecordingServer : IAsyncDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource stop = new();
        private readonly Task accepting;

        public RecordingServer()
        {
            listener.Start();
            accepting = AcceptAsync();
        }

        public IPEndPoint Endpoint => (IPEndPoint)listener.LocalEndpoint;

        public ConcurrentDictionary<string, string> Received { get; } = new();

        public string? Refused { get; init; }

        public int ClosesAfter { get; init; } = int.MaxValue;

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            listener.Stop();
            await accepting;
            stop.Dispose();
        }

        private async Task AcceptAsync()
        {
            List<Task> connections = [];
            try
            {
                while (true)
                {
                    connections.Add(ServeAsync(await listener.AcceptTcpClientAsync(stop.Token)));
                }
            }
            catch (OperationCanceledException)
            {
                await Task.WhenAll(connections);
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            using var owned = client;
            await using var stream = new BufferedStream(client.GetStream(), 64 * 1024);
            try
            {
                for (var served = 0; served < ClosesAfter; served++)
                {
                    var parts = new byte[await NumberAsync(stream, '*')][];
                    for (var i = 0; i < parts.Length; i++)
                    {
                        parts[i] = new byte[await NumberAsync(stream, '$')];
                        await stream.ReadExactlyAsync(parts[i], stop.Token);
                        await stream.ReadExactlyAsync(new byte[2], stop.Token);
                    }

                    var key = Encoding.UTF8.GetString(parts[1]);
                    Received[key] = Convert.ToHexString(SHA256.HashData(parts[2]));
                    await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(key == Refused ? "-READONLY no\r\n" : "+OK\r\n"), stop.Token);
                }
            }
            catch (Exception error) when (error is IOException or OperationCanceledException)
            {
                // The client has what it wanted, or the test is over.
                _ = error;
            }
        }

        private async Task<int> NumberAsync(Stream stream, char type)
        {
            var line = new StringBuilder();
            var one = new byte[1];
            while (line.Length == 0 || line[^1] != '\n')
            {
                await stream.ReadExactlyAsync(one, stop.Token);
                line.Append((char)one[0]);
            }

            Assert.Equal(type, line[0]);
            return int.Parse(line.ToString(1, line.Length - 3), System.Globalization.CultureInfo.InvariantCulture);
        }
    }
}
