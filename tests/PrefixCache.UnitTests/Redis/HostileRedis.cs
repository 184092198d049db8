using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using PrefixCache.Core.Tiers.Redis;

namespace PrefixCache.UnitTests.Redis;

/// <summary>A server that takes commands as Redis does and answers whatever a test wants.</summary>
internal sealed class HostileRedis : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<TcpClient> _clients = [];

    /// <param name="answer">What is sent for a command, as it goes over the wire; null = nothing.</param>
    public HostileRedis(Func<string[], string?> answer)
    {
        Answer = answer;
        _listener.Start();

        // Threads of its own: on a busy machine a pool's would be late, and the server look slower than it is to be.
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public Func<string[], string?> Answer { get; set; }

    /// <summary>Between two bytes; zero = answers go out whole.</summary>
    public TimeSpan Drip { get; set; }

    public RedisOptions Options => new()
    {
        Servers = [new RedisAddress("127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port)],
        TimeOut = TimeSpan.FromMilliseconds(800),
    };

    /// <summary>As a single Redis that is well answers what nodes ask of it.</summary>
    public static string Sane(string[] command) => command[0] switch
    {
        "PING" => "+PONG\r\n",
        "CLUSTER" => "-ERR This instance has cluster support disabled\r\n",
        "ROLE" => "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n",
        "INFO" => "$0\r\n\r\n",
        _ => "+OK\r\n",
    };

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var client in _clients) client.Dispose();
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var client = _listener.AcceptTcpClient();
                client.NoDelay = true;
                _clients.Add(client);
                new Thread(() => Serve(client)) { IsBackground = true }.Start();
            }
        }
        catch (Exception exception) when (exception is SocketException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    private void Serve(TcpClient client)
    {
        try
        {
            var stream = client.GetStream();
            while (Read(stream) is { } command)
            {
                if (Answer(command) is not { } answer) continue;
                var bytes = Encoding.Latin1.GetBytes(answer);
                var pause = Drip;
                var most = pause == default ? bytes.Length : 1;
                for (var i = 0; i < bytes.Length; i += most)
                {
                    stream.Write(bytes.AsSpan(i, most));
                    Thread.Sleep(pause);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The node is gone.
        }
    }

    private static string[]? Read(NetworkStream stream)
    {
        if (Line(stream) is not { Length: > 1 } head) return null;
        var words = new string[int.Parse(head.AsSpan(1), CultureInfo.InvariantCulture)];
        for (var i = 0; i < words.Length; i++)
        {
            var word = new byte[int.Parse(Line(stream)!.AsSpan(1), CultureInfo.InvariantCulture) + 2];
            stream.ReadExactly(word);
            words[i] = Encoding.Latin1.GetString(word.AsSpan(0, word.Length - 2));
        }

        return words;
    }

    private static string? Line(NetworkStream stream)
    {
        var line = new StringBuilder();
        for (var value = stream.ReadByte(); value != '\n'; value = stream.ReadByte())
        {
            if (value < 0) return null;
            if (value != '\r') line.Append((char)value);
        }

        return line.ToString();
    }
}
