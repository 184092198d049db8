using Google.Protobuf;

namespace PrefixCache.Grpc.Client;

/// <summary>One call on the client: its HTTP exchange, its deadline and its end.</summary>
/// <remarks>
/// Reader and writer may work on two threads; the first outcome stays. <see cref="Dispose"/> resets a stream that is still open: the
/// token does so until the response's headers have come, disposing the response afterwards.
/// </remarks>
internal sealed class ClientCall : IDisposable
{
    /// <summary>A server's clock may end a call this much before ours does: its bare reset is still the deadline's.</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);

    private readonly CallOptions _options;
    private readonly TimeProvider _clock;
    private readonly long _startedAt;
    private readonly CancellationTokenSource _cancellation;
    private readonly CancellationTokenRegistration _callerRegistration;
    private readonly CancellationTokenRegistration _resetRegistration;
    private HttpResponseMessage? _response;
    private RpcException? _outcome;
    private bool _finished;
    private Task? _result;

    public ClientCall(HttpMessageInvoker invoker, HttpRequestMessage request, CallOptions options, TimeProvider clock)
    {
        _options = options;
        _clock = clock;
        _startedAt = clock.GetTimestamp();
        _cancellation = options.Timeout is { } timeout && timeout < LongestTimer
            ? new CancellationTokenSource(timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero, clock)
            : new CancellationTokenSource();
        Token = _cancellation.Token;
        _callerRegistration = CancelWith(options.CancellationToken);
        _resetRegistration = Token.UnsafeRegister(static call => ((ClientCall)call!)._response?.Dispose(), this);
        ResponseStream = SendAsync(invoker, request);
    }

    /// <summary>Cancelled when the call ends before its response does.</summary>
    public CancellationToken Token { get; }

    /// <summary>The body of the response, once its headers have come and are those of a gRPC answer.</summary>
    public Task<Stream> ResponseStream { get; }

    public Metadata Headers { get; private set; } = [];

    public Metadata Trailers { get; private set; } = [];

    /// <summary>Lets the failed writes of a client-streaming call report the status that its one response ends with.</summary>
    public void ReportStatusOf(Task result) => _result = result;

    public MessageReader<T> OpenReader<T>(MessageParser<T> parser, int payloadField, int maxMessageBytes, int maxHeaderBytes)
        where T : IMessage<T> =>
        new(new ResponseMessageSource(this), parser, payloadField, maxMessageBytes, maxHeaderBytes);

    /// <summary>Ends the call when a token of the caller's is cancelled.</summary>
    public CancellationTokenRegistration CancelWith(CancellationToken token) =>
        token.CanBeCanceled && token != Token ? token.UnsafeRegister(static call => ((ClientCall)call!).Cancel(), this) : default;

    public async Task<Metadata> HeadersAsync()
    {
        await ResponseStream;
        return Headers;
    }

    /// <summary>The status at the end of the response; null where it is OK.</summary>
    public RpcException? Finish()
    {
        if (!_finished && _outcome is null)
        {
            _finished = true;
            Trailers = ResponseFields.ReadMetadata(_response!.TrailingHeaders);
            _outcome = ResponseFields.ReadStatus(_response.TrailingHeaders, Trailers)
                ?? new RpcException(StatusCode.Unknown, "The response ended without a status.");
            if (_outcome.Status == StatusCode.OK)
                _outcome = null;
        }

        return _outcome;
    }

    /// <summary>Records a fault of the transport as the call's status, unless there is one.</summary>
    public RpcException Fail(Exception fault)
    {
        if (fault is RpcException known)
            return _outcome ??= known;
        return _outcome ??= FromCancellation(fault) ?? FromDeadline(TransportFaults.Translate(fault));
    }

    /// <summary>The error for a write that failed: the call's own status where the server has ended it.</summary>
    public async ValueTask<RpcException> StatusOfFailedWriteAsync(Exception fault)
    {
        if (fault is RpcException known)
            return known;
        if (_outcome is not null || Token.IsCancellationRequested)
            return Fail(fault);
        if (_result is not null)
        {
            try
            {
                await _result;
            }
            catch (RpcException status)
            {
                return status;
            }
        }

        return _outcome ?? FromDeadline(
            new RpcException(StatusCode.Cancelled, "The server takes no more requests: its answer says why.", null, fault));
    }

    public void Cancel()
    {
        try
        {
            _cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The call ended at the same moment.
        }
    }

    public void Dispose()
    {
        Cancel();
        _response?.Dispose();

        // Nobody may have asked for the response; its failure is told to whoever does and to nobody else.
        if (!ResponseStream.IsCompletedSuccessfully)
            _ = ResponseStream.ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
        _callerRegistration.Dispose();
        _resetRegistration.Dispose();
        _cancellation.Dispose();
    }

    private async Task<Stream> SendAsync(HttpMessageInvoker invoker, HttpRequestMessage request)
    {
        try
        {
            var response = await invoker.SendAsync(request, Token);
            _response = response;
            if (Token.IsCancellationRequested)
                response.Dispose();
            Token.ThrowIfCancellationRequested();
            return await OpenAsync(response);
        }
        catch (Exception fault)
        {
            var status = Fail(fault);
            (request.Content as StreamingRequestContent)?.Fail(status);
            throw status;
        }
    }

    private async Task<Stream> OpenAsync(HttpResponseMessage response)
    {
        var fields = ResponseFields.ReadMetadata(response.Headers);
        if (ResponseFields.ReadStatus(response.Headers, fields) is { } status)
        {
            Trailers = fields;
            _finished = true;
            if (status.Status == StatusCode.OK)
                return Stream.Null;
            throw status;
        }

        ResponseFields.ThrowIfNotGrpc(response);
        Headers = fields;
        return await response.Content.ReadAsStreamAsync(Token);
    }

    private RpcException? FromCancellation(Exception fault)
    {
        if (!Token.IsCancellationRequested)
            return null;
        return Elapsed() && !_options.CancellationToken.IsCancellationRequested
            ? new RpcException(StatusCode.DeadlineExceeded, "The deadline of the call has passed.", null, fault)
            : new RpcException(StatusCode.Cancelled, "The call was cancelled.", null, fault);
    }

    private RpcException FromDeadline(RpcException status) =>
        status.Status == StatusCode.Cancelled && Elapsed()
            ? new RpcException(StatusCode.DeadlineExceeded, "The deadline of the call has passed.", null, status)
            : status;

    private bool Elapsed() => _options.Timeout is { } timeout && _clock.GetElapsedTime(_startedAt) >= timeout - ClockTolerance;
}
