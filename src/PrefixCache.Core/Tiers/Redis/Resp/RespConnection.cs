using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace PrefixCache.Core.Tiers.Redis.Resp;

/// <summary>One connection to one server, greeted and ready.</summary>
/// <remarks>
/// Written by one task and read by one task at a time. It breaks for good when no byte moves for the time-out while somebody waits
/// (<see cref="Watch"/>).
/// </remarks>
internal sealed class RespConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly TimeSpan _timeOut;

    // Cancelled, never disposed: who watches meanwhile must not fail.
#pragma warning disable CA2213
    private readonly CancellationTokenSource _stalled = new();
#pragma warning restore CA2213
    private int _disposed;

    private RespConnection(Socket socket, Stream stream, RedisAddress address, TimeSpan timeOut, int bufferBytes)
    {
        _socket = socket;
        _stream = stream;
        _timeOut = timeOut;
        Address = address;
        Reader = new RespReader(stream, bufferBytes);
    }

    public RedisAddress Address { get; }

    public RespReader Reader { get; }

    /// <summary>Cancelled when nothing moved for the time-out, or the connection is disposed.</summary>
    public CancellationToken Stalled => _stalled.Token;

    /// <summary>Open, and nothing has come: what comes while nobody asks is the server's end of the connection.</summary>
    public bool IsQuiet => !_socket.Poll(0, SelectMode.SelectRead);

    /// <summary>Connects, authenticates.</summary>
    /// <param name="bufferBytes">Of the reader: small where payload is read past it.</param>
    /// <exception cref="RedisException">The server cannot be reached or refuses.</exception>
    public static async Task<RespConnection> OpenAsync(
        RedisOptions options, RedisAddress address, int bufferBytes, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.TimeOut);
        var socket = MakeSocket(address);
        RespConnection? connection = null;
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, limit.Token);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (options.Tls.Enabled) stream = await EncryptAsync(stream, options.Tls, address, limit.Token);
            connection = new RespConnection(socket, stream, address, options.TimeOut, bufferBytes);
            await connection.GreetAsync(options);
            return connection;
        }
        catch (Exception exception)
        {
            connection?.Dispose();
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw Translate(exception, address);
        }
    }

    /// <summary>Connects and authenticates, for one thread that blocks on whatever it asks for: whatever it awaits has ended.</summary>
    /// <param name="bufferBytes">Of the reader.</param>
    /// <exception cref="RedisException">The server cannot be reached or refuses.</exception>
    public static RespConnection OpenBlocking(RedisOptions options, RedisAddress address, int bufferBytes)
    {
        var milliseconds = (int)Math.Clamp(options.TimeOut.TotalMilliseconds, 1, int.MaxValue);
        var socket = MakeSocket(address);
        RespConnection? connection = null;
        try
        {
            (socket.ReceiveTimeout, socket.SendTimeout) = (milliseconds, milliseconds);
            Connect(socket, address, options.TimeOut);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (options.Tls.Enabled)
            {
                var encrypted = new SslStream(stream);
                encrypted.AuthenticateAsClient(TlsOptions(options.Tls, address));
                stream = encrypted;
            }

            connection = new RespConnection(socket, new BlockingStream(stream), address, Timeout.InfiniteTimeSpan, bufferBytes);
            connection.GreetAsync(options).GetAwaiter().GetResult();
            return connection;
        }
        catch (Exception exception)
        {
            connection?.Dispose();
            socket.Dispose();
            throw Translate(exception, address);
        }
    }

    /// <summary>Somebody waits: the connection breaks unless something moves within the time-out.</summary>
    public void Watch() => _stalled.CancelAfter(_timeOut);

    /// <summary>Nobody waits.</summary>
    public void Rest() => _stalled.CancelAfter(Timeout.InfiniteTimeSpan);

    /// <summary>The caller watches.</summary>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes) => _stream.WriteAsync(bytes, Stalled);

    /// <summary>Sends and waits for the replies; for who has the connection alone.</summary>
    public async Task<RespValue[]> CallAsync(RespCommands commands)
    {
        Watch();
        await WriteAsync(commands.Bytes);
        var replies = new RespValue[commands.Count];
        for (var i = 0; i < replies.Length; i++)
        {
            replies[i] = await Reader.ReadAsync(Stalled);
            Watch();
        }

        Rest();
        return replies;
    }

    /// <summary>What any failure of a connection means.</summary>
    public static RedisException Translate(Exception exception, RedisAddress address) => exception switch
    {
        RedisException known => known,
        OperationCanceledException or ObjectDisposedException
            or SocketException { SocketErrorCode: SocketError.TimedOut or SocketError.WouldBlock }
            or IOException { InnerException: SocketException { SocketErrorCode: SocketError.TimedOut or SocketError.WouldBlock } } =>
            new RedisException(RedisFault.TimeOut, $"Redis at {address} did not answer in time.", exception),
        AuthenticationException =>
            new RedisException(RedisFault.Denied,
                $"Redis at {address}: no certificate that redis-tls-ca (or the machine) trusts, or no TLS at that port: {exception.Message}",
                exception),
        _ => new RedisException(RedisFault.Connection, $"Redis at {address}: {exception.Message}", exception),
    };

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _stalled.Cancel();
        _stream.Dispose();
        _socket.Dispose();
    }

    private async Task GreetAsync(RedisOptions options)
    {
        using var commands = new RespCommands();
        if (options.User.Length > 0) commands.Command("AUTH", 3).Add(options.User).Add(options.Password);
        else if (options.Password.Length > 0) commands.Command("AUTH", 2).Add(options.Password);
        commands.Command("PING", 1);
        foreach (var reply in await CallAsync(commands))
        {
            // A replica that has lost its master, or a server that is still loading, can be asked who it is nevertheless.
            if (reply.IsError && RedisException.FaultOf(reply.Bytes) is not (RedisFault.Loading or RedisFault.ClusterDown))
                throw Refusal(options, reply);
        }
    }

    private RedisException Refusal(RedisOptions options, RespValue reply)
    {
        // A server without any password answers to one with an error that has no word of its own.
        if (!reply.Bytes.StartsWith("NOAUTH "u8) && !reply.Bytes.StartsWith("WRONGPASS "u8) && !reply.Bytes.StartsWith("ERR AUTH "u8))
            return new RedisException(RedisException.FaultOf(reply.Bytes), $"Redis at {Address}: {reply.Text}");
        var what = options.Password.Length > 0
            ? "the password in redis-password-file, or the user in redis-user"
            : "calls without a password: give one in redis-password-file";
        return new RedisException(RedisFault.Denied, $"Redis at {Address} refuses {what}: {reply.Text}");
    }

    /// <exception cref="RedisException">The process may open no more.</exception>
    private static Socket MakeSocket(RedisAddress address)
    {
        try
        {
            return new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        }
        catch (SocketException exception)
        {
            throw Translate(exception, address);
        }
    }

    /// <summary>A blocking connect has no time-out of its own.</summary>
    /// <remarks>The socket is never made non-blocking: .NET would go on to wait in epoll for each piece, a fifth slower.</remarks>
    private static void Connect(Socket socket, RedisAddress address, TimeSpan timeOut)
    {
        using var limit = new CancellationTokenSource(timeOut);
        using var ends = limit.Token.Register(socket.Dispose);
        try
        {
            socket.Connect(address.Host, address.Port);
        }
        catch (Exception) when (limit.IsCancellationRequested)
        {
            throw new SocketException((int)SocketError.TimedOut);
        }
    }

    private static async Task<Stream> EncryptAsync(Stream inner, RedisTls tls, RedisAddress address, CancellationToken cancellationToken)
    {
        var stream = new SslStream(inner);
        try
        {
            await stream.AuthenticateAsClientAsync(TlsOptions(tls, address), cancellationToken);
            return stream;
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            throw NoTls(address, exception);
        }
    }

    private static RedisException NoTls(RedisAddress address, Exception exception) => new(
        exception is IOException ? RedisFault.Connection : RedisFault.TimeOut,
        $"Redis at {address} did not answer to TLS: it is not well, or has no TLS at that port (redis-tls).", exception);

    private static SslClientAuthenticationOptions TlsOptions(RedisTls tls, RedisAddress address)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = address.Host };
        if (tls.CaFile.Length > 0)
        {
            var roots = new X509Certificate2Collection();
            roots.ImportFromPemFile(tls.CaFile);
            options.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
        }

        return options;
    }
}
