using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using PrefixCache.Grpc.Framing;
using PrefixCache.Grpc.Headers;
using PrefixCache.Grpc.Server;

namespace PrefixCache.Grpc;

/// <summary>One call on the server.</summary>
/// <remarks>Owned by the server; valid until the handler has returned.</remarks>
public sealed class ServerCall : IRequestFaults
{
    /// <summary>Longer deadlines than a timer can hold are none: the client ends such a call itself.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);

    private readonly HttpContext _context;
    private readonly TimeProvider _clock;
    private ITimer? _deadlineTimer;
    private Metadata? _requestHeaders;
    private readonly Lock _tokenLock = new();
    private CancellationTokenSource? _cancellation;
    private bool _cancelled;

    internal ServerCall(HttpContext context, string method, RpcServerOptions options, CancellationToken drainToken)
    {
        _context = context;
        _clock = options.TimeProvider;
        Method = method;
        DrainToken = drainToken;
        Request = new PipeMessageSource(context.Request.BodyReader, this, options.TimeProvider);
        Response = new ResponseStream(context, this, options);
    }

    /// <summary>Path of the method, <c>/service/name</c>.</summary>
    public string Method { get; }

    /// <summary>The other end, as <c>127.0.0.1:4711</c> or <c>unix:</c>.</summary>
    public string Peer =>
        IsUnixSocket ? "unix:" : new IPEndPoint(RemoteAddress ?? IPAddress.None, _context.Connection.RemotePort).ToString();

    /// <summary>Address of the other end; null on a Unix socket.</summary>
    public IPAddress? RemoteAddress => _context.Connection.RemoteIpAddress;

    /// <summary>Whether the call came over a Unix socket.</summary>
    public bool IsUnixSocket => Features.Get<IConnectionEndPointFeature>()?.LocalEndPoint is UnixDomainSocketEndPoint;

    /// <summary>Identifies the connection that the call came over.</summary>
    public string ConnectionId => _context.Connection.Id;

    /// <summary>Features of the request and its connection: client certificate, socket.</summary>
    public IFeatureCollection Features => _context.Features;

    /// <summary>Metadata sent by the client.</summary>
    public Metadata RequestHeaders => _requestHeaders ??= ReadHeaders();

    /// <summary>When the client stops waiting; null where it did not say.</summary>
    public DateTimeOffset? Deadline { get; private set; }

    /// <summary>Ends when the client is gone, its deadline has passed, it stopped reading, or the grace of a drain is over.</summary>
    public CancellationToken CancellationToken => OpenToken();

    /// <summary>Ends when the server starts to drain: calls that live as long as their client should return.</summary>
    public CancellationToken DrainToken { get; }

    /// <summary>Metadata sent before the first message; what is added after the first write is lost.</summary>
    public Metadata ResponseHeaders { get; } = [];

    /// <summary>Metadata sent with the status.</summary>
    public Metadata ResponseTrailers { get; } = [];

    /// <summary>For the caller's use, as the identity that the authorization found.</summary>
    public object? UserState { get; set; }

    /// <summary>
    /// Takes back what the handler did for an answer that the client will not get: the call failed or ended before it left.
    /// </summary>
    /// <remarks>Runs once, after the handler. An answer that has left may still be lost on its way.</remarks>
    public Action? Undelivered { get; set; }

    internal PipeMessageSource Request { get; }

    internal ResponseStream Response { get; }

    internal ServerCall? Next { get; set; }

    internal ServerCall? Previous { get; set; }

    /// <summary>
    /// Whether the client is gone or the call was aborted, at its end. The request knows of a reset before Kestrel's token tells.
    /// </summary>
    internal bool WasCut() => Response.AbortReason is not null || _context.RequestAborted.IsCancellationRequested || !Request.Release();

    /// <summary>Reads the deadline and sets its timer.</summary>
    /// <exception cref="RpcException">The header is malformed (INTERNAL) or has no time left (DEADLINE_EXCEEDED).</exception>
    internal void StartDeadline()
    {
        var values = _context.Request.Headers[HeaderNames.Timeout];
        if (values.Count == 0)
            return;
        if (values.Count > 1 || !TimeoutHeader.TryParse(values[0]!, out var timeout))
            throw new RpcException(StatusCode.Internal, "grpc-timeout must be given once, as one to eight digits and one of H M S m u n.");
        if (timeout <= TimeSpan.Zero)
            throw DeadlineFault();
        if (timeout > LongestTimer)
            return;
        Deadline = _clock.GetUtcNow() + timeout;
        _deadlineTimer = _clock.CreateTimer(
            static state => _ = ((ServerCall)state!).Response.AbortAsync(DeadlineFault()), this, timeout, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Cancels the handler's token. Kestrel's own token stays silent when a stream is reset after its last frame.</summary>
    internal void Cancel()
    {
        CancellationTokenSource? cancellation;
        lock (_tokenLock)
        {
            _cancelled = true;
            cancellation = _cancellation;
        }

        cancellation?.Cancel();
    }

    /// <summary>Ends what may still touch the HTTP context; after it nothing does.</summary>
    internal async ValueTask EndAsync()
    {
        lock (_tokenLock)
        {
            _cancelled = true;
            _cancellation?.Dispose();
            _cancellation = null;
        }

        if (_deadlineTimer is { } timer)
            await timer.DisposeAsync();
        Request.Release();
    }

    RpcException IRequestFaults.Compressed()
    {
        var encoding = _context.Request.Headers[HeaderNames.Encoding].ToString();
        if (encoding.Length == 0 || encoding == HeaderNames.Identity)
            return new RpcException(StatusCode.Internal, "A message has the compressed flag, but grpc-encoding names no compression.");
        if (!_context.Response.HasStarted)
            _context.Response.Headers[HeaderNames.AcceptEncoding] = HeaderNames.Identity;
        return new RpcException(StatusCode.Unimplemented, "Compressed messages are not supported: send them with grpc-encoding identity.");
    }

    RpcException IRequestFaults.Translate(Exception fault) => Translate(fault);

    /// <summary>What a fault of the transport means for the call.</summary>
    internal RpcException Translate(Exception fault) => fault switch
    {
        RpcException known => known,
        _ when Response.AbortReason is { } reason => reason,
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } =>
            new RpcException(StatusCode.ResourceExhausted, "The request is longer than the HTTP server admits.", null, fault),
        BadHttpRequestException => new RpcException(StatusCode.Internal, "The request breaks HTTP/2.", null, fault),
        _ => new RpcException(StatusCode.Cancelled, "The client ended the call or its connection was lost.", null, fault),
    };

    private static RpcException DeadlineFault() => new(StatusCode.DeadlineExceeded, "The deadline of the call has passed.");

    // Made only for handlers that ask: short unary calls never do.
    private CancellationToken OpenToken()
    {
        lock (_tokenLock)
        {
            if (_cancelled)
                return _cancellation?.Token ?? new CancellationToken(true);
            _cancellation ??= CancellationTokenSource.CreateLinkedTokenSource(_context.RequestAborted);
            return _cancellation.Token;
        }
    }

    private Metadata ReadHeaders()
    {
        var metadata = new Metadata();
        foreach (var (name, values) in _context.Request.Headers)
            HeaderFields.AddTo(metadata, name, values);
        return metadata;
    }
}
