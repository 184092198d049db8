using System.Buffers.Text;
using System.Text;

namespace PrefixCache.Core.Tiers.Redis.Resp;

/// <summary>Reads replies from a connection.</summary>
/// <remarks>
/// Used by one task at a time. Small replies are parsed in one go where they are whole in the buffer, which grows for one that is larger.
/// Payload goes from the socket into the caller's memory, but for what came with the line before it.
/// </remarks>
internal sealed class RespReader(Stream stream, int bufferBytes)
{
    /// <summary>A reply with more than so many bytes or items, or nested deeper, is not one that this client asked for.</summary>
    private const int MaxReply = 64 << 20;
    private const int MaxItems = 1 << 20;
    private const int MaxDepth = 8;

    /// <summary>Longest line: a number, or an error.</summary>
    private const int MaxLine = 4096;

    private byte[] _buffer = new byte[bufferBytes];
    private int _start;
    private int _end;

    /// <summary>A whole reply, which may be an error.</summary>
    /// <exception cref="RedisException">The connection ended, or what came is no reply.</exception>
    public ValueTask<RespValue> ReadAsync(CancellationToken cancellationToken)
    {
        var position = _start;
        if (!TryParse(ref position, 0, out var value)) return ReadSlowlyAsync(cancellationToken);
        _start = position;
        return new ValueTask<RespValue>(value);
    }

    /// <summary>The head of a bulk string whose bytes follow.</summary>
    /// <returns>Its bytes, or -1 for a key that is not there.</returns>
    /// <exception cref="RedisException">The reply is an error.</exception>
    public async ValueTask<int> ReadBulkHeadAsync(CancellationToken cancellationToken)
    {
        int length;
        while (true)
        {
            var position = _start;
            if (TryLine(ref position, out var first, out length))
            {
                _start = position;
                var line = _buffer.AsSpan(first, length);
                if (line[0] == (byte)'$') return (int)Length(line[1..], MaxReply);
                if (line[0] == (byte)'-') throw new RedisException(RedisException.FaultOf(line[1..]), Encoding.UTF8.GetString(line[1..]));
                throw Garbage();
            }

            await FillAsync(cancellationToken);
        }
    }

    /// <summary>A part of a bulk string, as much as has come.</summary>
    /// <returns>Bytes written to the start of <paramref name="destination"/>.</returns>
    public ValueTask<int> ReadPayloadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        var held = Math.Min(_end - _start, destination.Length);
        if (held == 0) return ReceiveAsync(destination, cancellationToken);
        _buffer.AsSpan(_start, held).CopyTo(destination.Span);
        _start += held;
        return ValueTask.FromResult(held);
    }

    /// <summary>The end of a bulk string's line.</summary>
    public async ValueTask ReadEndOfLineAsync(CancellationToken cancellationToken)
    {
        while (_end - _start < 2) await FillAsync(cancellationToken);
        CheckEndOfLine(_start);
        _start += 2;
    }

    private async ValueTask<RespValue> ReadSlowlyAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await FillAsync(cancellationToken);
            var position = _start;
            if (!TryParse(ref position, 0, out var value)) continue;
            _start = position;
            return value;
        }
    }

    /// <returns>False when it is not whole yet.</returns>
    private bool TryParse(ref int position, int depth, out RespValue value)
    {
        value = default;
        if (!TryLine(ref position, out var first, out var length)) return false;
        var line = _buffer.AsSpan(first, length);
        switch (line[0])
        {
            case (byte)'+':
                value = RespValue.OfBytes(line[1..].ToArray());
                return true;
            case (byte)'-':
                value = RespValue.OfError(line[1..].ToArray());
                return true;
            case (byte)':':
                value = RespValue.OfNumber(Number(line[1..]));
                return true;
            case (byte)'$':
                return TryParseBytes(ref position, (int)Length(line[1..], MaxReply), out value);
            case (byte)'*':
                return depth < MaxDepth ? TryParseItems(ref position, (int)Length(line[1..], MaxItems), depth, out value) : throw Garbage();
            default:
                throw Garbage();
        }
    }

    private bool TryParseBytes(ref int position, int length, out RespValue value)
    {
        value = default;
        if (length < 0) return true;
        if (_end - position < length + 2) return false;
        value = RespValue.OfBytes(_buffer.AsSpan(position, length).ToArray());
        CheckEndOfLine(position + length);
        position += length + 2;
        return true;
    }

    private bool TryParseItems(ref int position, int count, int depth, out RespValue value)
    {
        value = default;
        if (count < 0) return true;

        // Each takes some bytes: what cannot be whole yet must not take memory for its items.
        if (_end - position < count * 4) return false;
        var items = new RespValue[count];
        for (var i = 0; i < count; i++)
            if (!TryParse(ref position, depth + 1, out items[i])) return false;
        value = RespValue.OfItems(items);
        return true;
    }

    /// <param name="first">Where it begins, with its kind.</param>
    /// <param name="length">Of the line without its end; 1 or more.</param>
    private bool TryLine(ref int position, out int first, out int length)
    {
        first = position;
        length = _buffer.AsSpan(position, _end - position).IndexOf((byte)'\n') - 1;
        if (length == -2 && _end - position <= MaxLine) return false;
        if (length is < 1 or > MaxLine || _buffer[position + length] != '\r') throw Garbage();
        position += length + 2;
        return true;
    }

    private void CheckEndOfLine(int position)
    {
        if (_buffer[position] != '\r' || _buffer[position + 1] != '\n') throw Garbage();
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            if (_end >= MaxReply) throw Garbage();
            Array.Resize(ref _buffer, _end * 2);
        }
        else if (_end == 0 && _buffer.Length > bufferBytes)
        {
            // One large reply must not keep its memory.
            _buffer = new byte[bufferBytes];
        }

        _end += await ReceiveAsync(_buffer.AsMemory(_end), cancellationToken);
    }

    private async ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        var count = await stream.ReadAsync(destination, cancellationToken);
        return count > 0 ? count : throw new RedisException(RedisFault.Connection, "Redis closed the connection.");
    }

    private static long Number(ReadOnlySpan<byte> digits) =>
        Utf8Parser.TryParse(digits, out long number, out var used) && used == digits.Length ? number : throw Garbage();

    /// <summary>-1 for what is not there.</summary>
    private static long Length(ReadOnlySpan<byte> digits, long most) =>
        Number(digits) is var length && length >= -1 && length <= most ? length : throw Garbage();

    private static RedisException Garbage() => new(RedisFault.Protocol, "What came from Redis is no reply in RESP 2.");
}
