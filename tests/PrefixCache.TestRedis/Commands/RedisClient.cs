using System.Buffers;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.TestRedis.Commands;

/// <summary>One connection to a Redis server, for what a test itself asks and changes there. It knows RESP2 and nothing of the product.</summary>
/// <remarks>One caller at a time. After an exception other than <see cref="RedisErrorException"/> it is of no more use.</remarks>
public sealed class RedisClient : IAsyncDisposable
{
    /// <summary>How long an answer may take: a paused server fails the command rather than the whole run.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly TcpClient _socket;
    private readonly Stream _stream;
    private readonly BufferedStream _reader;

    private RedisClient(TcpClient socket, Stream stream) =>
        (_socket, _stream, _reader) = (socket, stream, new BufferedStream(stream, 64 << 10));

    /// <summary>Connects as the options say: with TLS, and as their user.</summary>
    public static async Task<RedisClient> ConnectAsync(int port, RedisServerOptions options)
    {
        var socket = new TcpClient { NoDelay = true };
        try
        {
            await socket.ConnectAsync("127.0.0.1", port).WaitAsync(Limit);
            var client = new RedisClient(socket, options.Tls is { } tls ? await SecureAsync(socket, tls) : socket.GetStream());
            if (options.Password is { } password)
                await client.CommandAsync(options.User is { } user ? ["AUTH", user, password] : ["AUTH", password]);
            return client;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <param name="words">The command and its arguments, a byte a character (Latin-1).</param>
    public Task<RedisReply> CommandAsync(params string[] words) => CommandAsync(words.Select(Encoding.Latin1.GetBytes));

    /// <summary>The same with arguments of any bytes.</summary>
    public async Task<RedisReply> CommandAsync(IEnumerable<byte[]> words)
    {
        var request = new ArrayBufferWriter<byte>();
        var list = words.ToList();
        Write(request, $"*{list.Count}\r\n");
        foreach (var word in list)
        {
            Write(request, $"${word.Length}\r\n");
            request.Write(word);
            Write(request, "\r\n");
        }

        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await _stream.WriteAsync(request.WrittenMemory, limit.Token);
            return await ReadAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"Redis did not answer {Encoding.Latin1.GetString(list[0])} within {Limit}.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _reader.DisposeAsync();
        _socket.Dispose();
    }

    private static async Task<Stream> SecureAsync(TcpClient socket, RedisCertificate certificate)
    {
        var stream = new SslStream(socket.GetStream());
        using var limit = new CancellationTokenSource(Limit);
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = RedisCertificate.Host,
                CertificateChainPolicy = certificate.TrustPolicy(),
            }, limit.Token);
        return stream;
    }

    private static void Write(ArrayBufferWriter<byte> writer, string text) => Encoding.Latin1.GetBytes(text, writer);

    private async Task<RedisReply> ReadAsync(CancellationToken cancellationToken)
    {
        var line = await ReadLineAsync(cancellationToken);
        var rest = line[1..];
        return line[0] switch
        {
            '+' or ':' => new RedisReply(Encoding.Latin1.GetBytes(rest), null),
            '-' => throw new RedisErrorException(rest),
            '$' => new RedisReply(await ReadBytesAsync(Length(rest), cancellationToken), null),
            '*' => new RedisReply(null, await ReadItemsAsync(Length(rest), cancellationToken)),
            _ => throw new InvalidDataException($"Redis answered with something that is not RESP2: {line}"),
        };
    }

    private static int Length(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private async Task<byte[]?> ReadBytesAsync(int length, CancellationToken cancellationToken)
    {
        if (length < 0) return null;
        var bytes = new byte[length];
        await _reader.ReadExactlyAsync(bytes, cancellationToken);
        await ReadLineAsync(cancellationToken);
        return bytes;
    }

    private async Task<RedisReply[]?> ReadItemsAsync(int length, CancellationToken cancellationToken)
    {
        if (length < 0) return null;
        var items = new RedisReply[length];
        for (var i = 0; i < length; i++) items[i] = await ReadAsync(cancellationToken);
        return items;
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (true)
        {
            await _reader.ReadExactlyAsync(one, cancellationToken);
            if (one[0] == '\n') return line.ToString(0, line.Length - 1);
            line.Append((char)one[0]);
        }
    }
}
