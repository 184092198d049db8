using Google.Protobuf;
using PrefixCache.Grpc.Framing;

namespace PrefixCache.Grpc;

/// <summary>Reads the messages of one direction of a call, on either side.</summary>
/// <remarks>Used by one thread at a time. Belongs to its call and ends with it.</remarks>
/// <typeparam name="T">The message.</typeparam>
public sealed class MessageReader<T>
    where T : IMessage<T>
{
    internal MessageReader(MessageSource source, MessageParser<T> parser, int payloadField, int maxMessageBytes, int maxHeaderBytes)
    {
        throw new NotImplementedException();
    }

    /// <summary>The message that the reader stands on, without its payload.</summary>
    /// <exception cref="InvalidOperationException">There is none: call <see cref="MoveNextAsync"/> first.</exception>
    public T Current => throw new NotImplementedException();

    /// <summary>Bytes in the payload of the current message; 0 where it has none.</summary>
    public int PayloadLength => throw new NotImplementedException();

    /// <summary>Bytes of it that have not been read yet.</summary>
    public int PayloadRemaining => throw new NotImplementedException();

    /// <summary>Goes to the next message; what is left of the current one's payload is skipped.</summary>
    /// <param name="cancellationToken">Gives the wait up.</param>
    /// <returns>False when the peer has sent its last message.</returns>
    /// <exception cref="RpcException">The message breaks a rule or a limit; on a client also: the call ended with a status other than OK.</exception>
    public ValueTask<bool> MoveNextAsync(CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <summary>Reads exactly as many bytes of the payload as fit into <paramref name="destination"/>; may be called many times.</summary>
    /// <param name="destination">At most <see cref="PayloadRemaining"/> bytes long.</param>
    /// <param name="cancellationToken">Gives the wait up; the reader cannot be used afterwards.</param>
    /// <exception cref="ArgumentException">The destination is longer than what remains.</exception>
    /// <exception cref="RpcException">The peer vanished or the stream ended within the payload.</exception>
    public ValueTask ReadPayloadAsync(Memory<byte> destination, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();
}
