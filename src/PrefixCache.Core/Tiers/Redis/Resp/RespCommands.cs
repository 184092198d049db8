using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace PrefixCache.Core.Tiers.Redis.Resp;

/// <summary>Commands as they go over the wire, one after the other in a pooled buffer.</summary>
/// <remarks>
/// Used by one thread; disposed once they are sent. Format: https://redis.io/docs/latest/develop/reference/protocol-spec/ (RESP 2).
/// </remarks>
internal sealed class RespCommands : IDisposable
{
    private const int MaxNumberBytes = 20;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(1024);
    private int _length;
    private int _missing;
    private bool _disposed;

    /// <summary>Commands, each of which gets one reply.</summary>
    public int Count { get; private set; }

    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <summary>Every command has the arguments that it announced.</summary>
    public bool IsWhole => _missing == 0;

    /// <summary>Begins a command; its arguments follow.</summary>
    /// <param name="arguments">With its name.</param>
    public RespCommands Command(string name, int arguments)
    {
        // The server would take the next command for an argument of this one.
        if (_missing != 0) throw new InvalidOperationException($"{_missing} arguments are missing before {name}.");
        Count++;
        Line((byte)'*', arguments);
        _missing = arguments;
        return Add(name);
    }

    public RespCommands Add(ReadOnlySpan<byte> argument)
    {
        Head(argument.Length);
        argument.CopyTo(Room(argument.Length));
        _length += argument.Length;
        return EndLine();
    }

    /// <summary>One argument of two parts.</summary>
    public RespCommands Add(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        Head(first.Length + second.Length);
        var room = Room(first.Length + second.Length);
        first.CopyTo(room);
        second.CopyTo(room[first.Length..]);
        _length += first.Length + second.Length;
        return EndLine();
    }

    /// <param name="argument">ASCII, or it is sent as UTF-8.</param>
    public RespCommands Add(string argument)
    {
        var bytes = Encoding.UTF8.GetByteCount(argument);
        Head(bytes);
        _length += Encoding.UTF8.GetBytes(argument, Room(bytes));
        return EndLine();
    }

    public RespCommands Add(long argument)
    {
        Span<byte> digits = stackalloc byte[MaxNumberBytes];
        Utf8Formatter.TryFormat(argument, digits, out var count);
        return Add(digits[..count]);
    }

    /// <summary>A time as Redis wants it after PX and PEXPIRE.</summary>
    public RespCommands AddMilliseconds(TimeSpan time) => Add((long)time.TotalMilliseconds);

    /// <summary>The head of an argument whose bytes are sent from elsewhere.</summary>
    public RespCommands Announce(int bytes)
    {
        Head(bytes);
        return this;
    }

    /// <summary>The end of an argument that was sent from elsewhere.</summary>
    public RespCommands EndLine()
    {
        "\r\n"u8.CopyTo(Room(2));
        _length += 2;
        return this;
    }

    /// <summary>What has been written so far was sent.</summary>
    public void Clear() => (_length, Count) = (0, 0);

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    /// <summary>The head of an argument.</summary>
    private void Head(int bytes)
    {
        if (--_missing < 0) throw new InvalidOperationException("An argument more was added than the command announced.");
        Line((byte)'$', bytes);
    }

    private void Line(byte kind, int count)
    {
        var room = Room(MaxNumberBytes);
        room[0] = kind;
        Utf8Formatter.TryFormat(count, room[1..], out var digits);
        _length += digits + 1;
        EndLine();
    }

    private Span<byte> Room(int bytes)
    {
        if (_buffer.Length - _length < bytes)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + bytes));
            _buffer.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        return _buffer.AsSpan(_length);
    }
}
