using PrefixCache.Format.Devices;

namespace PrefixCache.TestDevices.HostMemory;

/// <summary>Which calls of a device fail. A failure stays, as with CUDA: every call after it fails too, until <see cref="Mend"/>.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class FaultPlan
{
    private readonly Lock _gate = new();
    private readonly Dictionary<DeviceCall, Fault> _faults = [];
    private DeviceException? _broken;

    /// <summary>Whether every call fails by now.</summary>
    public bool IsBroken
    {
        get { lock (_gate) return _broken is not null; }
    }

    /// <summary>Makes a call fail and the device with it.</summary>
    /// <param name="call">Which.</param>
    /// <param name="skip">How many go well before.</param>
    public void Fail(DeviceCall call, int skip = 0)
    {
        lock (_gate) _faults[call] = new Fault(skip, 1, IsSticky: true, IsOutOfMemory: false);
    }

    /// <summary>Makes calls fail that leave the device well: a lack of memory, a range that the system does not pin.</summary>
    /// <param name="call">Which; not <see cref="DeviceCall.RunCopy"/>.</param>
    /// <param name="skip">How many go well before.</param>
    /// <param name="times">How many fail.</param>
    /// <param name="isOutOfMemory">They say that memory is lacking.</param>
    public void Refuse(DeviceCall call, int skip = 0, int times = int.MaxValue, bool isOutOfMemory = false)
    {
        if (call == DeviceCall.RunCopy) throw new ArgumentException("A copy that fails breaks the device: use Fail.", nameof(call));
        lock (_gate) _faults[call] = new Fault(skip, times, IsSticky: false, isOutOfMemory);
    }

    /// <summary>Every call fails from now on.</summary>
    public void Break()
    {
        lock (_gate) _broken ??= new DeviceException("The host memory device was broken by the test.");
    }

    /// <summary>Nothing fails any more. A real device needs a new process for this.</summary>
    public void Mend()
    {
        lock (_gate)
        {
            _broken = null;
            _faults.Clear();
        }
    }

    internal void ThrowIfBroken()
    {
        lock (_gate) if (_broken is not null) throw new DeviceException(_broken.Message);
    }

    /// <summary>To be asked once per call.</summary>
    internal void Enter(DeviceCall call)
    {
        lock (_gate)
        {
            ThrowIfBroken();
            if (!_faults.TryGetValue(call, out var fault)) return;
            if (fault.Skip > 0)
            {
                _faults[call] = fault with { Skip = fault.Skip - 1 };
                return;
            }

            if (fault.Times == 1) _faults.Remove(call);
            else _faults[call] = fault with { Times = fault.Times - 1 };
            DeviceException exception = new($"The host memory device fails at {call}, as the test asked.", fault.IsOutOfMemory);
            if (fault.IsSticky) _broken = exception;
            throw exception;
        }
    }

    private readonly record struct Fault(int Skip, int Times, bool IsSticky, bool IsOutOfMemory);
}
