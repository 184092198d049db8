namespace PrefixCache.TestDevices.HostMemory;

/// <summary>Holds queued copies until a test lets them go. Open when made. Thread-safe.</summary>
/// <remarks>A copy whose host memory is not registered holds its caller with it; disposing a stream waits for what is held.</remarks>
public sealed class CopyGate
{
    private readonly object _gate = new();
    private long _passes = long.MaxValue;
    private int _held;

    /// <summary>Copies that stand at the gate: at most one a stream.</summary>
    public int Held
    {
        get { lock (_gate) return _held; }
    }

    /// <summary>From now on no copy ends.</summary>
    public void Close()
    {
        lock (_gate) _passes = 0;
    }

    /// <summary>Lets some more copies end, in the order in which they come.</summary>
    public void Pass(int copies)
    {
        lock (_gate)
        {
            if (_passes != long.MaxValue) _passes += copies;
            Monitor.PulseAll(_gate);
        }
    }

    public void Open()
    {
        lock (_gate)
        {
            _passes = long.MaxValue;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits until so many copies stand at the gate.</summary>
    /// <exception cref="TimeoutException">They did not come within 30 seconds.</exception>
    public void WaitUntilHeld(int copies = 1)
    {
        var end = Environment.TickCount64 + 30_000;
        lock (_gate)
        {
            while (_held < copies)
            {
                var left = end - Environment.TickCount64;
                if (left <= 0) throw new TimeoutException($"{_held} copies stand at the gate after 30 seconds, not {copies}.");
                Monitor.Wait(_gate, (int)left);
            }
        }
    }

    internal void Enter()
    {
        lock (_gate)
        {
            _held++;
            Monitor.PulseAll(_gate);
            while (_passes == 0) Monitor.Wait(_gate);
            if (_passes != long.MaxValue) _passes--;
            _held--;
        }
    }
}
