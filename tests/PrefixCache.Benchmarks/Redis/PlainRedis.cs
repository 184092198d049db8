using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PrefixCache.Benchmarks.Redis;

/// <summary>The reference: SET and GET of parts over one plain socket, straight from and into native memory.</summary>
/// <remarks>
/// Blocking calls and the kernel's own buffer sizes: on loopback, ReceiveAsync reaches three quarters of blocking Receive, and no fixed size
/// of the socket's buffers beats the kernel's tuning. Few requests under way: Redis answers all that it has received before it sends, and
/// answers that lie in its memory until then leave the processor's caches.
/// </remarks>
internal sealed class PlainRedis : IRedisSide
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _line = new byte[64];
    private readonly int _partBytes;
    private readonly int _underWay;

    /// <param name="port">Port of the server on 127.0.0.1.</param>
    /// <param name="partBytes">Length of a value; a chunk's last may be shorter.</param>
    /// <param name="underWay">Requests that are sent before the first one's answer is read.</param>
    public PlainRedis(int port, int partBytes, int underWay)
    {
        (_partBytes, _underWay) = (partBytes, underWay);
        Name = string.Create(CultureInfo.InvariantCulture, $"redis_plain_{partBytes >> 20}MiB_{underWay}_under_way");
        _socket.Connect(IPAddress.Loopback, port);
    }

    public string Name { get; }

    public ValueTask StoreAsync(ReadOnlyMemory<byte> prompt)
    {
        var parts = Parts();
        for (var (answered, sent) = (0, 0); answered < parts.Count; answered++)
        {
            for (; sent < parts.Count && sent < answered + _underWay; sent++)
            {
                var part = prompt.Span[parts[sent]];
                Send(Encoding.ASCII.GetBytes($"*3\r\n$3\r\nSET\r\n$8\r\npart:{sent:000}\r\n${part.Length}\r\n"));
                Send(part);
                Send("\r\n"u8);
            }

            Expect("+OK\r\n"u8);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask LoadAsync(Memory<byte> prompt)
    {
        var parts = Parts();
        for (var (answered, asked) = (0, 0); answered < parts.Count; answered++)
        {
            for (; asked < parts.Count && asked < answered + _underWay; asked++)
                Send(Encoding.ASCII.GetBytes($"*2\r\n$3\r\nGET\r\n$8\r\npart:{asked:000}\r\n"));
            var part = prompt.Span[parts[answered]];
            Expect(Encoding.ASCII.GetBytes($"${part.Length}\r\n"));
            Receive(part);
            Expect("\r\n"u8);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask ProbeAsync()
    {
        Send("*2\r\n$6\r\nEXISTS\r\n$8\r\npart:000\r\n"u8);
        Expect(":1\r\n"u8);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Where the parts lie in the prompt: no part holds bytes of two chunks.</summary>
    private List<Range> Parts()
    {
        var parts = new List<Range>();
        for (var chunk = 0; chunk < RedisWorkload.PromptBytes; chunk += RedisWorkload.ChunkBytes)
        {
            var end = Math.Min(chunk + RedisWorkload.ChunkBytes, RedisWorkload.PromptBytes);
            for (var start = chunk; start < end; start += _partBytes) parts.Add(start..Math.Min(start + _partBytes, end));
        }

        return parts;
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0) bytes = bytes[_socket.Send(bytes)..];
    }

    private void Receive(Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var count = _socket.Receive(bytes);
            if (count == 0) throw new InvalidDataException("Redis closed the connection.");
            bytes = bytes[count..];
        }
    }

    private void Expect(ReadOnlySpan<byte> line)
    {
        var received = _line.AsSpan(0, line.Length);
        Receive(received);
        if (received.SequenceEqual(line)) return;
        throw new InvalidDataException($"Redis answered {Encoding.ASCII.GetString(received)} instead of {Encoding.ASCII.GetString(line)}.");
    }
}
