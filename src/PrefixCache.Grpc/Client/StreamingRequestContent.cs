using System.Net;

namespace PrefixCache.Grpc.Client;

/// <summary>The request of a call with many messages: lends its stream to the writer until that completes.</summary>
internal sealed class StreamingRequestContent : HttpContent
{
    private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The stream to write to; fails when the call ends before it could be sent.</summary>
    public Task<Stream> Stream => _stream.Task;

    /// <summary>Ends the request.</summary>
    public void Complete() => _completed.TrySetResult();

    /// <summary>
    /// Gives up a request that is not complete: its stream must end in a reset, never in an end of stream, which would tell the server that
    /// nothing was missing.
    /// </summary>
    public void Abort() => _completed.TrySetCanceled();

    /// <summary>Fails a writer that still waits for the stream.</summary>
    public void Fail(Exception fault)
    {
        if (_stream.TrySetException(fault))
            _ = _stream.Task.Exception;
        Abort();
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // The headers leave now: the server may have something to say before the first message.
        await stream.FlushAsync(cancellationToken);
        _stream.TrySetResult(stream);
        await _completed.Task.WaitAsync(cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
