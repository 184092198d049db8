using System.Runtime.CompilerServices;
using Google.Protobuf;
using PrefixCache.Grpc.Framing;

namespace PrefixCache.Grpc;

/// <summary>Reads the messages of one direction of a call, on either side.</summary>
/// <remarks>
/// Used by one thread at a time. Belongs to its call and ends with it. A payload is never buffered: its bytes go from the transport
/// into the caller's memory when asked for, and a slow caller slows the peer down.
/// </remarks>
/// <typeparam name="T">The message.</typeparam>
public sealed class MessageReader<T>
    where T : IMessage<T>
{
    private readonly MessageSource _source;
    private readonly MessageParser<T> _parser;
    private readonly int _payloadField;
    private readonly int _maxMessageBytes;
    private readonly int _maxHeaderBytes;
    private T? _current;
    private bool _hasCurrent;
    private bool _ended;
    private RpcException? _fault;

    internal MessageReader(MessageSource source, MessageParser<T> parser, int payloadField, int maxMessageBytes, int maxHeaderBytes)
    {
        _source = source;
        _parser = parser;
        _payloadField = payloadField;
        _maxMessageBytes = maxMessageBytes;
        _maxHeaderBytes = maxHeaderBytes;
    }

    /// <summary>The message that the reader stands on, without its payload.</summary>
    /// <exception cref="InvalidOperationException">There is none: call <see cref="MoveNextAsync"/> first.</exception>
    public T Current =>
        _hasCurrent ? _current! : throw new InvalidOperationException("The reader stands on no message: call MoveNextAsync.");

    /// <summary>Bytes in the payload of the current message; 0 where it has none.</summary>
    public int PayloadLength { get; private set; }

    /// <summary>Bytes of it that have not been read yet.</summary>
    public int PayloadRemaining { get; private set; }

    /// <summary>Goes to the next message; what is left of the current one's payload is skipped.</summary>
    /// <param name="cancellationToken">Gives the wait up.</param>
    /// <returns>False when the peer has sent its last message.</returns>
    /// <exception cref="RpcException">The message breaks a rule or a limit; on a client also: the call ended with a status other than
    /// OK.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> MoveNextAsync(CancellationToken cancellationToken = default)
    {
        if (_fault is not null)
            throw _fault;
        _hasCurrent = false;
        _current = default;
        if (PayloadRemaining > 0)
            await SkipPayloadAsync(cancellationToken);
        PayloadLength = 0;
        if (_ended)
            return false;

        if (!await _source.FillAsync(MessageFrame.HeaderLength, cancellationToken))
        {
            if (!_source.Buffered.IsEmpty)
                throw Fail(await _source.TruncatedAsync());
            _ended = true;
            await _source.EndAsync();
            return false;
        }

        var length = TakeFrameHeader();
        if (_payloadField == 0)
            await ReadWholeAsync(length, cancellationToken);
        else
            await ReadUpToPayloadAsync(length, cancellationToken);
        _hasCurrent = true;
        return true;
    }

    /// <summary>Reads exactly as many bytes of the payload as fit into <paramref name="destination"/>; may be called many times.</summary>
    /// <param name="destination">At most <see cref="PayloadRemaining"/> bytes long.</param>
    /// <param name="cancellationToken">Gives the wait up; the reader cannot be used afterwards.</param>
    /// <exception cref="ArgumentException">The destination is longer than what remains.</exception>
    /// <exception cref="RpcException">The peer vanished or the stream ended within the payload.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask ReadPayloadAsync(Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        if (destination.Length > PayloadRemaining)
        {
            throw new ArgumentException(
                $"{destination.Length} bytes were asked for where {PayloadRemaining} of the payload remain.", nameof(destination));
        }

        while (!destination.IsEmpty)
        {
            var count = await _source.ReadAsync(destination, cancellationToken);
            if (count == 0)
                throw Fail(await _source.TruncatedAsync());
            PayloadRemaining -= count;
            destination = destination[count..];
        }
    }

    private int TakeFrameHeader()
    {
        var (flag, length) = MessageFrame.Read(_source.Buffered);
        if (flag == 1)
            throw Fail(_source.Compressed());
        if (flag != 0)
            throw Fail(new RpcException(StatusCode.Internal, $"Bad frame: the compressed flag is {flag}, it must be 0 or 1."));
        if (length > _maxMessageBytes)
        {
            throw Fail(new RpcException(
                StatusCode.ResourceExhausted,
                $"A {typeof(T).Name} message of {length} bytes is over the limit of {_maxMessageBytes} bytes for this method: "
                + "send less at once."));
        }

        _source.Consume(MessageFrame.HeaderLength);
        return (int)length;
    }

    private async ValueTask ReadWholeAsync(int length, CancellationToken cancellationToken)
    {
        if (length > 0 && !await _source.FillAsync(length, cancellationToken))
            throw Fail(await _source.TruncatedAsync());
        Parse(length);
    }

    private async ValueTask ReadUpToPayloadAsync(int length, CancellationToken cancellationToken)
    {
        var position = 0;
        while (position < length)
        {
            // The window may reach past the message into the next frame's bytes only where those are buffered already.
            if (!await _source.FillAsync(Math.Min(length, position + FieldHead.MaxLength), cancellationToken))
                throw Fail(await _source.TruncatedAsync());
            var window = _source.Buffered.Slice(position, Math.Min(_source.Buffered.Length, length) - position);
            if (!FieldHead.TryRead(window, out var head) || head.TotalLength > length - position)
                throw Fail(Malformed(null));

            if (head.Number == _payloadField && head.IsLengthDelimited)
            {
                TakePayloadHead(position, head, length);
                return;
            }

            if (position + head.TotalLength > _maxHeaderBytes)
            {
                throw Fail(new RpcException(
                    StatusCode.ResourceExhausted,
                    $"The fields of a {typeof(T).Name} before its payload take more than the limit of {_maxHeaderBytes} bytes."));
            }

            position += (int)head.TotalLength;
        }

        await ReadWholeAsync(length, cancellationToken);
    }

    private void TakePayloadHead(int position, FieldHead head, int length)
    {
        if (position + head.TotalLength != length)
        {
            throw Fail(new RpcException(
                _source.BadMessageStatus,
                $"Field {_payloadField} of {typeof(T).Name} is its payload: it must be the last field of the message and occur once."));
        }

        Parse(position);
        _source.Consume(head.HeadLength);
        PayloadLength = PayloadRemaining = (int)head.BodyLength;
    }

    private void Parse(int length)
    {
        try
        {
            _current = _parser.ParseFrom(_source.Buffered.Slice(0, length));
        }
        catch (InvalidProtocolBufferException fault)
        {
            throw Fail(Malformed(fault));
        }

        if (length > 0)
            _source.Consume(length);
    }

    private async ValueTask SkipPayloadAsync(CancellationToken cancellationToken)
    {
        while (PayloadRemaining > 0)
        {
            if (!await _source.FillAsync(1, cancellationToken))
                throw Fail(await _source.TruncatedAsync());
            var count = (int)Math.Min(PayloadRemaining, _source.Buffered.Length);
            _source.Consume(count);
            PayloadRemaining -= count;
        }
    }

    private static RpcException Malformed(Exception? fault) =>
        new(StatusCode.Internal, $"The bytes of a frame are no {typeof(T).Name} message.", null, fault);

    // A reader that failed stays failed: a second call must not take the middle of a message for a frame.
    private RpcException Fail(RpcException fault) => _fault = fault;
}
