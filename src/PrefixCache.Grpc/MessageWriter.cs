using System.Buffers;
using Google.Protobuf;
using PrefixCache.Grpc.Framing;

namespace PrefixCache.Grpc;

/// <summary>Sends the messages of one direction of a call, on either side.</summary>
/// <remarks>One write at a time; the next may start when the one before has returned. Belongs to its call and ends with it.</remarks>
/// <typeparam name="T">The message.</typeparam>
public sealed class MessageWriter<T>
    where T : IMessage<T>
{
    private readonly MessageSink _sink;
    private readonly int _payloadField;

    internal MessageWriter(MessageSink sink, int payloadField)
    {
        _sink = sink;
        _payloadField = payloadField;
    }

    /// <summary>Sends one message.</summary>
    /// <param name="message">The message; may be changed again on return.</param>
    /// <param name="cancellationToken">Gives the write up; the call cannot be used afterwards.</param>
    /// <exception cref="RpcException">The call has ended, or the peer does not read.</exception>
    public ValueTask WriteAsync(T message, CancellationToken cancellationToken = default) =>
        _sink.WriteAsync(message, 0, ReadOnlySequence<byte>.Empty, cancellationToken);

    /// <summary>Sends one message whose payload field is taken from the caller's memory.</summary>
    /// <param name="header">The other fields; its payload field must be empty.</param>
    /// <param name="payload">The payload; its memory is free again on return. Empty = the field is left out.</param>
    /// <param name="cancellationToken">Gives the write up; the call cannot be used afterwards.</param>
    /// <exception cref="InvalidOperationException">The method has no payload field in this direction.</exception>
    /// <exception cref="RpcException">The call has ended, or the peer does not read.</exception>
    public ValueTask WriteAsync(T header, ReadOnlySequence<byte> payload, CancellationToken cancellationToken = default)
    {
        if (_payloadField == 0)
            throw new InvalidOperationException($"{typeof(T).Name} has no payload field in this method: set it in RpcMethod.");
        return _sink.WriteAsync(header, _payloadField, payload, cancellationToken);
    }
}
