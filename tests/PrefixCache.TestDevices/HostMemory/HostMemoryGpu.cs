using PrefixCache.Format.Devices;

namespace PrefixCache.TestDevices.HostMemory;

/// <summary>The thing that devices of host memory are opened over: its memory, what a test makes it do, and what it has seen.</summary>
/// <remarks>
/// It checks its callers: a wrong call throws <see cref="InvalidOperationException"/> and is kept in <see cref="Violations"/>, for whom
/// the exception does not reach. Device addresses cannot be followed by the host, as with a real device: <see cref="Read"/>. Thread-safe.
/// </remarks>
public sealed unsafe class HostMemoryGpu
{
    /// <summary>Added to where the bytes are: no pointer of this machine has such an address.</summary>
    internal const ulong AddressTag = 0x0d00_0000_0000_0000;

    private readonly Lock _gate = new();
    private readonly List<MemoryRange> _memory = [];
    private readonly List<MemoryRange> _registered = [];
    private readonly List<string> _violations = [];
    private HostMemoryCounts _counts = new();
    private long _copyDelayTicks;

    public HostMemoryGpu(HostMemoryOptions? options = null)
    {
        Options = options ?? new HostMemoryOptions();
        Identity = new DeviceIdentity(Options.Uuid, Options.Name, Options.CapacityBytes);
    }

    public HostMemoryOptions Options { get; }

    public DeviceIdentity Identity { get; }

    /// <summary>Holds copies until the test lets them go.</summary>
    public CopyGate Gate { get; } = new();

    public FaultPlan Faults { get; } = new();

    /// <summary>How long each copy takes, behind the gate.</summary>
    public TimeSpan CopyDelay
    {
        get => new(Interlocked.Read(ref _copyDelayTicks));
        set => Interlocked.Exchange(ref _copyDelayTicks, value.Ticks);
    }

    public HostMemoryCounts Counts
    {
        get { lock (_gate) return _counts; }
    }

    /// <summary>Wrong calls so far; empty in a test that passes.</summary>
    public IReadOnlyList<string> Violations
    {
        get { lock (_gate) return [.. _violations]; }
    }

    /// <summary>Wrong calls, and what has not been given back; empty at the end of a test that passes.</summary>
    public IReadOnlyList<string> Complaints
    {
        get
        {
            lock (_gate)
            {
                HostMemoryCounts now = _counts;
                (string What, int Count)[] live =
                [
                    ("devices", now.Devices), ("allocations", now.Allocations), ("imports", now.Imports), ("streams", now.Streams),
                    ("events", now.Events), ("registrations", now.Registrations), ("copies", now.CopiesUnderWay),
                ];
                return [.. _violations, .. live.Where(one => one.Count != 0).Select(one => $"{one.Count} {one.What} are left.")];
            }
        }
    }

    internal long FreeBytes => Options.CapacityBytes - Counts.AllocatedBytes;

    /// <summary>What device memory holds now, whatever is under way.</summary>
    public byte[] Read(ulong address, int bytes)
    {
        lock (_gate) return new ReadOnlySpan<byte>(BytesAt(address, bytes), bytes).ToArray();
    }

    /// <summary>Changes device memory at once.</summary>
    public void Write(ulong address, ReadOnlySpan<byte> bytes)
    {
        lock (_gate) bytes.CopyTo(new Span<byte>(BytesAt(address, bytes.Length), bytes.Length));
    }

    internal void Change(Func<HostMemoryCounts, HostMemoryCounts> change)
    {
        lock (_gate) _counts = change(_counts);
    }

    internal void Note(string violation)
    {
        lock (_gate) _violations.Add(violation);
    }

    internal InvalidOperationException Violation(string violation)
    {
        Note(violation);
        return new InvalidOperationException(violation);
    }

    /// <exception cref="DeviceException">Out of memory.</exception>
    internal void TakeBytes(long bytes)
    {
        lock (_gate)
        {
            var free = Options.CapacityBytes - _counts.AllocatedBytes;
            if (bytes > free) throw new DeviceException($"The host memory device has {free} bytes left, not {bytes}.", isOutOfMemory: true);
            _counts = _counts with { AllocatedBytes = _counts.AllocatedBytes + bytes, Allocations = _counts.Allocations + 1 };
        }
    }

    internal void GiveBytes(long bytes) =>
        Change(now => now with { AllocatedBytes = now.AllocatedBytes - bytes, Allocations = now.Allocations - 1 });

    internal void AddMemory(MemoryRange range)
    {
        lock (_gate) _memory.Add(range);
    }

    /// <returns>False = copies use it: its bytes must stay.</returns>
    internal bool RemoveMemory(MemoryRange range)
    {
        lock (_gate)
        {
            _memory.Remove(range);
            if (range.Copies == 0) return true;
            _violations.Add($"Device memory {range} is given back while {range.Copies} copies use it.");
            return false;
        }
    }

    internal void Register(ulong start, long bytes)
    {
        lock (_gate)
        {
            if (start % (ulong)Environment.SystemPageSize != 0 || bytes <= 0 || bytes % Environment.SystemPageSize != 0)
                throw Violation($"Registering 0x{start:x} + {bytes}: these are no whole pages.");
            if (start >= AddressTag) throw Violation($"Registering 0x{start:x} + {bytes}: this is the device's memory.");
            // The driver's answer to this is a refusal: CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED.
            if (_registered.Find(one => one.Touches(start, bytes)) is { } other)
                throw Violation($"Registering 0x{start:x} + {bytes}: {other} is registered.");
            _registered.Add(new MemoryRange(start, bytes));
            _counts = _counts with { Registrations = _counts.Registrations + 1, RegisteredBytes = _counts.RegisteredBytes + bytes };
        }
    }

    internal void Unregister(ulong start)
    {
        lock (_gate)
        {
            MemoryRange range = _registered.Find(one => one.Start == start)
                ?? throw Violation($"Unregistering 0x{start:x}: no range starts there.");
            _registered.Remove(range);
            _counts = _counts with { Registrations = _counts.Registrations - 1, RegisteredBytes = _counts.RegisteredBytes - range.Bytes };
            if (range.Copies != 0) throw Violation($"Host memory {range} is unregistered while {range.Copies} copies use it.");
        }
    }

    /// <summary>Checks a copy and holds what it names until <see cref="End"/>.</summary>
    internal HeldCopy Begin(in DeviceCopy copy)
    {
        lock (_gate)
        {
            if (copy.RowBytes <= 0 || copy.Rows <= 0) throw Violation($"A copy of {copy.Rows} rows of {copy.RowBytes} bytes.");
            if (copy.Rows > 1 && (copy.SourcePitch < copy.RowBytes || copy.DestinationPitch < copy.RowBytes))
                throw Violation($"A copy of rows of {copy.RowBytes} bytes at distances of {copy.SourcePitch} and {copy.DestinationPitch}.");
            MemoryRange? source = Find(copy.Kind != DeviceCopyKind.HostToDevice, copy.Source, Span(copy, copy.SourcePitch));
            MemoryRange? destination = Find(copy.Kind != DeviceCopyKind.DeviceToHost, copy.Destination, Span(copy, copy.DestinationPitch));
            if (copy.Rows == 1 && new MemoryRange(copy.Source, copy.RowBytes).Touches(copy.Destination, copy.RowBytes))
                throw Violation($"A copy of {copy.RowBytes} bytes from 0x{copy.Source:x} to 0x{copy.Destination:x} overlaps.");
            if (source is not null) source.Copies++;
            if (destination is not null) destination.Copies++;
            var isPinned = source is not null && destination is not null;
            _counts = _counts with
            {
                CopiesUnderWay = _counts.CopiesUnderWay + 1,
                UnregisteredCopies = _counts.UnregisteredCopies + (isPinned ? 0 : 1),
            };
            return new HeldCopy(copy, source, destination);
        }
    }

    /// <param name="copy">From <see cref="Begin"/>.</param>
    /// <param name="isDone">Its bytes are there.</param>
    internal void End(HeldCopy copy, bool isDone)
    {
        lock (_gate)
        {
            if (copy.Source is not null) copy.Source.Copies--;
            if (copy.Destination is not null) copy.Destination.Copies--;
            _counts = _counts with { CopiesUnderWay = _counts.CopiesUnderWay - 1 };
            if (!isDone) return;
            var bytes = copy.Copy.Bytes;
            _counts = copy.Copy.Kind switch
            {
                DeviceCopyKind.HostToDevice => _counts with { CopiesUp = _counts.CopiesUp + 1, BytesUp = _counts.BytesUp + bytes },
                DeviceCopyKind.DeviceToHost => _counts with { CopiesDown = _counts.CopiesDown + 1, BytesDown = _counts.BytesDown + bytes },
                _ => _counts with { CopiesWithin = _counts.CopiesWithin + 1, BytesWithin = _counts.BytesWithin + bytes },
            };
        }
    }

    private static long Span(in DeviceCopy copy, long pitch) => ((copy.Rows - 1L) * pitch) + copy.RowBytes;

    /// <returns>Null = host memory that is not registered.</returns>
    private MemoryRange? Find(bool isDevice, ulong first, long length)
    {
        if (isDevice)
        {
            return _memory.Find(one => one.Holds(first, length))
                ?? throw Violation($"A copy names 0x{first:x} + {length}, which is not within memory of the device.");
        }

        if (first >= AddressTag) throw Violation($"A copy names 0x{first:x} + {length} as the host's; it is the device's.");
        if (first == 0) throw Violation("A copy names the host's address 0.");
        if (_registered.Find(one => one.Touches(first, length)) is not { } range) return null;
        return range.Holds(first, length)
            ? range
            : throw Violation($"A copy names host memory 0x{first:x} + {length}, which lies only partly in the registered {range}.");
    }

    private byte* BytesAt(ulong address, int bytes)
    {
        MemoryRange range = _memory.Find(one => one.Holds(address, bytes))
            ?? throw Violation($"0x{address:x} + {bytes} is not within memory of the device.");
        return range.Mapping!.Pointer + (address - range.Start);
    }
}
