using System.Buffers.Text;

namespace PrefixCache.Core.Tiers.Redis.Resp;

/// <summary>Reads replies from a connection.</summary>
/// <remarks>
/// Used by one task at a time. Payload goes from the socket into the caller's memory, but for what came with the line before it.
/// </remarks>
internal sealed class RespReader(Stream stream, int bufferBytes)
{
    /// <summary>A reply with more than so many bytes or items, or nested deeper, is not one that this client asked for.</summary>
    private const int MaxReply = 64 << 20;
    private const int MaxItems = 1 << 20;
    private const int MaxDepth = 8;

    private readonly byte[] _buffer = new byte[bufferBytes];
    private int _start;
    private int _end;

    public ValueTask<RespValue> ReadAsync(CancellationToken cancellationToken) => ReadAsync(0, cancellationToken);

    /// <summary>The head of a bulk string whose bytes follow.</summary>
    /// <returns>Its bytes, or -1 for a key that is not there.</returns>
    /// <exception cref="RedisException">The reply is an error.</exception>
    public async ValueTask<int> ReadBulkHeadAsync(CancellationToken cancellationToken)
    {
        var length = await FillLineAsync(cancellationToken);
        var line = Line(length);
        if (line[0] == (byte)'$') return (int)Number(line[1..], MaxReply);
        throw line[0] == (byte)'-'
            ? new RedisException(RedisException.FaultOf(line[1..]), System.Text.Encoding.UTF8.GetString(line[1..]))
            : Garbage();
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
        if (_buffer[_start] != '\r' || _buffer[_start + 1] != '\n') throw Garbage();
        _start += 2;
    }

    /// <summary>A whole reply is here already.</summary>
    public bool HasBuffered => _end > _start;

    private async ValueTask<RespValue> ReadAsync(int depth, CancellationToken cancellationToken)
    {
        var length = await FillLineAsync(cancellationToken);
        var kind = _buffer[_start - length - 2];
        switch (kind)
        {
            case (byte)'+':
                return RespValue.OfBytes(Line(length)[1..].ToArray());
            case (byte)'-':
                return RespValue.OfError(Line(length)[1..].ToArray());
            case (byte)':':
                return RespValue.OfNumber(Number(Line(length)[1..], long.MaxValue));
            case (byte)'$':
                var bytes = (int)Number(Line(length)[1..], MaxReply);
                return bytes < 0 ? default : RespValue.OfBytes(await ReadBytesAsync(bytes, cancellationToken));
            case (byte)'*':
                var count = (int)Number(Line(length)[1..], MaxItems);
                if (count < 0) return default;
                if (depth >= MaxDepth) throw Garbage();
                var items = new RespValue[count];
                for (var i = 0; i < count; i++) items[i] = await ReadAsync(depth + 1, cancellationToken);
                return RespValue.OfItems(items);
            default:
                throw Garbage();
        }
    }

    private async ValueTask<byte[]> ReadBytesAsync(int count, CancellationToken cancellationToken)
    {
        var bytes = new byte[count];
        for (var read = 0; read < count;) read += await ReadPayloadAsync(bytes.AsMemory(read), cancellationToken);
        await ReadEndOfLineAsync(cancellationToken);
        return bytes;
    }

    /// <summary>Reads until a line is whole, and passes it.</summary>
    /// <returns>Its bytes, without its end.</returns>
    private async ValueTask<int> FillLineAsync(CancellationToken cancellationToken)
    {
        var searched = 0;
        while (true)
        {
            var found = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (found >= 0)
            {
                var length = searched + found - 1;
                if (length < 1 || _buffer[_start + length] != '\r') throw Garbage();
                _start += length + 2;
                return length;
            }

            searched = _end - _start;
            await FillAsync(cancellationToken);
        }
    }

    /// <summary>The line that was passed last.</summary>
    private ReadOnlySpan<byte> Line(int length) => _buffer.AsSpan(_start - length - 2, length);

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length) throw Garbage();
        _end += await ReceiveAsync(_buffer.AsMemory(_end), cancellationToken);
    }

    private async ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        var count = await stream.ReadAsync(destination, cancellationToken);
        return count > 0 ? count : throw new RedisException(RedisFault.Connection, "Redis closed the connection.");
    }

    private static long Number(ReadOnlySpan<byte> digits, long most) =>
        Utf8Parser.TryParse(digits, out long number, out var used) && used == digits.Length && number >= -1 && number <= most
            ? number
            : Negative(digits, most);

    /// <summary>Replies to commands may be any number; lengths may not.</summary>
    private static long Negative(ReadOnlySpan<byte> digits, long most) =>
        most == long.MaxValue && Utf8Parser.TryParse(digits, out long number, out var used) && used == digits.Length ? number : throw Garbage();

    private static RedisException Garbage() => new(RedisFault.Protocol, "What came from Redis is no reply in RESP 2.");
}
