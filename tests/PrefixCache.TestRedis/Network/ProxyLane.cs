using System.Diagnostics;

namespace PrefixCache.TestRedis.Network;

/// <summary>One direction of a <see cref="SlowProxy"/>; all its connections share what is set here. May be changed while bytes flow.</summary>
public sealed class ProxyLane
{
    private readonly Lock _gate = new();
    private long _bytesPerSecond = long.MaxValue;
    private long _bytesUntilCut = long.MaxValue;
    private long _bytesPassed;
    private long _delayTicks;
    private long _freeAt;

    /// <summary>How fast bytes pass.</summary>
    public long BytesPerSecond
    {
        get => Volatile.Read(ref _bytesPerSecond);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            Volatile.Write(ref _bytesPerSecond, value);
        }
    }

    /// <summary>How much later bytes arrive than they were sent; holds nothing else up.</summary>
    public TimeSpan Delay
    {
        get => new(Volatile.Read(ref _delayTicks));
        set => Volatile.Write(ref _delayTicks, value.Ticks);
    }

    /// <summary>Bytes that have passed in all.</summary>
    public long BytesPassed => Volatile.Read(ref _bytesPassed);

    /// <summary>Lets at most so many more bytes pass and then cuts every connection of the proxy, once. New connections are served.</summary>
    public void CutAfter(long bytes)
    {
        lock (_gate) _bytesUntilCut = bytes;
    }

    /// <summary>How much to read at a time: at most a hundredth of a second's worth, so that a slow lane is slow evenly.</summary>
    internal int PieceBytes(int bufferBytes) => (int)Math.Clamp(BytesPerSecond / 100, 1, bufferBytes);

    /// <summary>Waits for the turn of so many bytes.</summary>
    /// <returns>How many of them may pass; fewer than asked = the connections are to be cut then.</returns>
    internal async ValueTask<int> PassAsync(int count)
    {
        TimeSpan wait;
        lock (_gate)
        {
            var rate = BytesPerSecond;
            var now = Stopwatch.GetTimestamp();
            var start = Math.Max(now, _freeAt);
            _freeAt = rate == long.MaxValue ? now : start + (long)((double)count / rate * Stopwatch.Frequency);
            wait = Stopwatch.GetElapsedTime(now, _freeAt);
        }

        if (wait > TimeSpan.Zero) await Task.Delay(wait);
        lock (_gate)
        {
            var passes = (int)Math.Min(count, _bytesUntilCut);
            if (_bytesUntilCut != long.MaxValue) _bytesUntilCut = passes < count ? long.MaxValue : _bytesUntilCut - passes;
            _bytesPassed += passes;
            return passes;
        }
    }
}
