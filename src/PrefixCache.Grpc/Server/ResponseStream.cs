using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using PrefixCache.Grpc.Framing;

namespace PrefixCache.Grpc.Server;

/// <summary>The response of one call: messages, then exactly one status, whoever comes first with it.</summary>
/// <remarks>
/// The handler writes and finishes; a timer, the stall watch or a drain may abort at the same time. <see cref="_state"/> decides:
/// who moves it to <see cref="Closed"/> owns the HTTP response from there on. An abort that meets a write in progress cannot touch
/// the pipe (it belongs to one writer) and resets the stream without a status.
/// </remarks>
internal sealed class ResponseStream(HttpContext context, ServerCall call, RpcServerOptions options) : MessageSink
{
    private const int Idle = 0;
    private const int Writing = 1;
    private const int Closed = 2;
    private const int NoErrorCode = 0;
    private const int CancelErrorCode = 8;
    private const int InternalErrorCode = 2;

    /// <summary>
    /// Payload bytes written before a flush: large enough to amortize it, small enough that the peer reads while we copy.
    /// </summary>
    private const int FlushBytes = 64 << 10;

    /// <summary>How long an abort waits for its status to go out before it resets the stream.</summary>
    private static readonly TimeSpan AbortFlushTimeout = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _clock = options.TimeProvider;
    private readonly PipeWriter _body = context.Response.BodyWriter;
    private int _state;
    private bool _started;
    private bool _bodyWritten;
    private long _waitingSince;
    private TaskCompletionSource? _abort;

    /// <summary>Why the call was aborted; null while it was not.</summary>
    public RpcException? AbortReason { get; private set; }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(
        IMessage message, int payloadField, ReadOnlySequence<byte> payload, CancellationToken cancellationToken)
    {
        EnterWrite();
        try
        {
            if (!_started)
                await StartAsync(cancellationToken);
            MessageFrame.WriteHead(_body, message, payloadField, payload.Length);
            foreach (var segment in payload)
            {
                for (var rest = segment; !rest.IsEmpty;)
                {
                    var piece = rest[..Math.Min(FlushBytes, rest.Length)];
                    _body.Write(piece.Span);
                    rest = rest[piece.Length..];
                    await FlushAsync(cancellationToken);
                }
            }

            if (payload.IsEmpty)
                await FlushAsync(cancellationToken);
        }
        catch (Exception fault) when (fault is not RpcException && !cancellationToken.IsCancellationRequested)
        {
            throw call.Translate(fault);
        }
        finally
        {
            ExitWrite();
        }
    }

    /// <summary>Writes the one message of a unary answer; a small one leaves together with the headers and the status.</summary>
    public ValueTask WriteUnaryAsync(IMessage message)
    {
        if (message.CalculateSize() > FlushBytes)
            return WriteAsync(message, 0, ReadOnlySequence<byte>.Empty, CancellationToken.None);
        EnterWrite();
        try
        {
            CopyHeaders(call.ResponseHeaders);
            MessageFrame.WriteHead(_body, message, 0, 0);
            _bodyWritten = true;
        }
        finally
        {
            ExitWrite();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// Sends the status at the handler's end; or waits for the abort that came first. False after a write that nobody awaited.
    /// </summary>
    public async ValueTask<bool> FinishAsync(StatusCode status, string detail, Metadata trailers)
    {
        var state = Interlocked.CompareExchange(ref _state, Closed, Idle);
        if (state == Idle)
        {
            await SetStatusAsync(status, detail, trailers);
            return true;
        }

        if (state == Closed)
        {
            if (_abort is { } abort)
                await abort.Task;
            return true;
        }

        Reset(InternalErrorCode);
        return false;
    }

    /// <summary>Ends the call from outside its handler: with a status where no write is in progress, then with a reset.</summary>
    public async Task AbortAsync(RpcException reason)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Interlocked.CompareExchange(ref _abort, done, null) is not null)
            return;
        try
        {
            AbortReason = reason;
            var state = Interlocked.Exchange(ref _state, Closed);
            if (state == Closed)
                return;

            // A client that still sends gets a reset behind its status; any code but NO_ERROR would make it drop the status (RFC 9113
            // §8.1).
            Reset(state == Idle && await TrySendStatusAsync(reason) ? NoErrorCode : CancelErrorCode);
            call.Cancel();
        }
        finally
        {
            done.SetResult();
        }
    }

    /// <summary>Whether a write has been waiting for its peer for longer than it may.</summary>
    public bool IsStalled(TimeSpan timeout)
    {
        var since = Volatile.Read(ref _waitingSince);
        return since != 0 && _clock.GetElapsedTime(since) >= timeout;
    }

    private async Task<bool> TrySendStatusAsync(RpcException reason)
    {
        try
        {
            await SetStatusAsync(reason.Status, reason.Detail, reason.Trailers);
            await context.Features.GetRequiredFeature<IHttpResponseBodyFeature>().CompleteAsync().WaitAsync(AbortFlushTimeout, _clock);
            return true;
        }
        catch (Exception fault) when (fault is TimeoutException or IOException or OperationCanceledException or InvalidOperationException)
        {
            // The peer takes nothing or is gone: the reset that follows is all that can be done.
            return false;
        }
    }

    // Kestrel sends it when the request's delegate returns.
    private async ValueTask SetStatusAsync(StatusCode status, string detail, Metadata trailers)
    {
        if (!_started && !_bodyWritten && call.ResponseHeaders.Count > 0)
            await StartAsync(CancellationToken.None);
        if (trailers.WireBytes > options.MaxMetadataBytes)
            (status, detail, trailers) = (TooMuchMetadata().Status, TooMuchMetadata().Detail, []);
        StatusFields.Write(context.Response, _started || _bodyWritten, status, detail, trailers);
    }

    private async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        CopyHeaders(call.ResponseHeaders);
        _started = true;
        await context.Response.StartAsync(cancellationToken);
    }

    private void CopyHeaders(Metadata headers)
    {
        if (headers.WireBytes > options.MaxMetadataBytes)
            throw TooMuchMetadata();
        foreach (var entry in headers)
            context.Response.Headers.Append(entry.Key, entry.Value);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        var flush = _body.FlushAsync(cancellationToken);
        if (!flush.IsCompleted)
        {
            Volatile.Write(ref _waitingSince, _clock.GetTimestamp());
            try
            {
                await flush;
            }
            finally
            {
                Volatile.Write(ref _waitingSince, 0);
            }
        }
        else
        {
            _ = await flush;
        }

        // A flush into an aborted stream returns as if it had succeeded.
        if (AbortReason is not null || context.RequestAborted.IsCancellationRequested)
            throw call.Translate(new IOException("The stream was reset."));
    }

    private RpcException TooMuchMetadata() =>
        new(StatusCode.Internal, $"The metadata of the answer takes more than {options.MaxMetadataBytes} bytes.");

    private void EnterWrite()
    {
        var state = Interlocked.CompareExchange(ref _state, Writing, Idle);
        if (state == Writing)
            throw new InvalidOperationException("A write of this call is still running: await it before the next.");
        if (state == Closed)
            throw AbortReason ?? new RpcException(StatusCode.Cancelled, "The call has ended.");
    }

    private void ExitWrite() => Interlocked.CompareExchange(ref _state, Idle, Writing);

    private void Reset(int errorCode) => context.Features.Get<IHttpResetFeature>()?.Reset(errorCode);
}
