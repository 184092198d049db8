using System.Buffers;

namespace PrefixCache.Grpc.Framing;

/// <summary>The bytes of one direction of a call as they arrive, with as little buffered as the reader asks for.</summary>
/// <remarks>Used by one reader at a time. Faults of the transport come out as <see cref="RpcException"/>.</remarks>
internal abstract class MessageSource
{
    /// <summary>What is buffered and not yet consumed. Valid until the next call of any other member.</summary>
    public abstract ReadOnlySequence<byte> Buffered { get; }

    /// <summary>
    /// The status of a message that its reader cannot accept: it is the client's fault on a server and the server's on a client.
    /// </summary>
    public abstract StatusCode BadMessageStatus { get; }

    /// <summary>Waits until at least <paramref name="count"/> bytes are buffered; false when the stream ends before.</summary>
    public abstract ValueTask<bool> FillAsync(int count, CancellationToken cancellationToken);

    /// <summary>Drops buffered bytes from the front.</summary>
    public abstract void Consume(int count);

    /// <summary>Takes at least one byte, buffered ones first, without buffering more; 0 at the end of the stream.</summary>
    public abstract ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Called once when the stream has ended between two messages; throws where the call's status says so.</summary>
    public abstract ValueTask EndAsync();

    /// <summary>The error of a stream that ended inside a message.</summary>
    public abstract ValueTask<RpcException> TruncatedAsync();

    /// <summary>The error of a message whose compressed flag is set.</summary>
    public abstract RpcException Compressed();
}
