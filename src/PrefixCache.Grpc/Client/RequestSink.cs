using System.Buffers;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using PrefixCache.Grpc.Framing;

namespace PrefixCache.Grpc.Client;

/// <summary>The requests of a streaming call on their way to the server.</summary>
internal sealed class RequestSink(ClientCall call, StreamingRequestContent content) : MessageSink
{
    private int _writing;
    private bool _completed;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(
        IMessage message, int payloadField, ReadOnlySequence<byte> payload, CancellationToken cancellationToken)
    {
        Enter();
        using var registration = call.CancelWith(cancellationToken);
        try
        {
            var stream = await content.Stream.WaitAsync(call.Token);
            using var buffer = new PooledBuffer(1 << 10);
            await RequestFrame.WriteAsync(stream, buffer, message, payloadField, payload, call.Token);
            await stream.FlushAsync(call.Token);
        }
        catch (Exception fault)
        {
            throw await call.StatusOfFailedWriteAsync(fault);
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }

    /// <summary>Ends the request; harmless when repeated or when the call has ended.</summary>
    public void Complete()
    {
        _completed = true;
        content.Complete();
    }

    /// <summary>Gives up a request that is not complete; harmless otherwise.</summary>
    public void Abort()
    {
        _completed = true;
        content.Abort();
    }

    private void Enter()
    {
        if (_completed)
            throw new InvalidOperationException("The requests are completed: nothing can follow.");
        if (Interlocked.CompareExchange(ref _writing, 1, 0) != 0)
            throw new InvalidOperationException("A write of this call is still running: await it before the next.");
    }
}
