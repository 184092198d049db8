using System.Buffers;
using System.Net;
using Google.Protobuf;
using PrefixCache.Grpc.Framing;

namespace PrefixCache.Grpc.Client;

/// <summary>The request of a call with one message.</summary>
/// <remarks>
/// The HTTP client may still be sending when the response is complete. <see cref="CloseAsync"/> says when the payload's memory is
/// certainly not read any more.
/// </remarks>
internal sealed class SingleRequestContent(IMessage message, int payloadField, ReadOnlySequence<byte> payload) : HttpContent
{
    private const int NotStarted = 0;
    private const int Started = 1;
    private const int Closed = 2;

    private readonly TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _state;

    /// <summary>
    /// Ends, always in success, when nothing reads the payload any more; a request that never started must be closed for it.
    /// </summary>
    public Task Sent => _sent.Task;

    /// <summary>Keeps the request from starting, or waits for its end where it has started. The call must have been reset before.</summary>
    public Task CloseAsync()
    {
        if (Interlocked.CompareExchange(ref _state, Closed, NotStarted) == NotStarted)
            _sent.TrySetResult();
        return _sent.Task;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref _state, Started, NotStarted) != NotStarted)
            throw new IOException("The request is sent already, or its call has ended.");
        try
        {
            using var buffer = new PooledBuffer(1 << 10);
            await RequestFrame.WriteAsync(stream, buffer, message, payloadField, payload, cancellationToken);
        }
        finally
        {
            _sent.TrySetResult();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
