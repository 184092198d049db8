using System.Buffers;
using Google.Protobuf;

namespace PrefixCache.Grpc.Framing;

/// <summary>Where the messages of one direction of a call go.</summary>
/// <remarks>One write at a time. Faults of the transport come out as <see cref="RpcException"/>.</remarks>
internal abstract class MessageSink
{
    /// <summary>Sends one message and returns when neither it nor the payload is needed any more.</summary>
    /// <param name="message">All fields but the payload.</param>
    /// <param name="payloadField">Number of the payload's field; 0 = none.</param>
    /// <param name="payload">The payload; left out of the message when empty.</param>
    /// <param name="cancellationToken">Gives the write up.</param>
    public abstract ValueTask WriteAsync(
        IMessage message, int payloadField, ReadOnlySequence<byte> payload, CancellationToken cancellationToken);
}
