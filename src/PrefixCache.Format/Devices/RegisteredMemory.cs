namespace PrefixCache.Format.Devices;

/// <summary>A range of this process's memory that copies from and to a device go through: registered piece by piece, each when it
/// is first used.</summary>
/// <remarks>
/// Registering takes a while for gigabytes, and most of a large arena is never copied from. Where the system refuses, copies go on without,
/// more slowly. Owns the registrations, not the memory; dispose it when no copy is under way and before the memory goes. Thread-safe.
/// </remarks>
public sealed class RegisteredMemory : IDisposable
{
    private readonly IDevice _device;
    private readonly nint _start;
    private readonly long _bytes;
    private readonly long _pieceBytes;
    private readonly bool[] _isRegistered;
    private readonly Lock _gate = new();
    private volatile DeviceException? _refusal;
    private volatile bool _isDisposed;

    /// <param name="device">With which it is registered.</param>
    /// <param name="start">First byte, at a page.</param>
    /// <param name="bytes">Above 0. The rest of the last page is registered with it.</param>
    /// <param name="pieceBytes">Whole pages.</param>
    public RegisteredMemory(IDevice device, nint start, long bytes, long pieceBytes = 256L << 20)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pieceBytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(pieceBytes % Environment.SystemPageSize, 0, nameof(pieceBytes));
        ArgumentOutOfRangeException.ThrowIfNotEqual(start % Environment.SystemPageSize, 0, nameof(start));
        (_device, _start, _bytes, _pieceBytes) = (device, start, bytes, pieceBytes);
        _isRegistered = new bool[(bytes + pieceBytes - 1) / pieceBytes];
    }

    /// <summary>Why nothing more is registered; null = nothing was refused.</summary>
    public DeviceException? Refusal => _refusal;

    /// <summary>Queues a copy whose host side lies in the range, as one or, where it reaches over the end of a piece, as several.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The host side does not lie in the range, or rows overlap.</exception>
    /// <exception cref="DeviceException">The device fails. Parts of the copy may be queued then.</exception>
    public void Copy(IDeviceStream stream, in DeviceCopy copy)
    {
        var isUp = copy.Kind == DeviceCopyKind.HostToDevice;
        var (first, pitch) = isUp ? (copy.Source, copy.SourcePitch) : (copy.Destination, copy.DestinationPitch);
        var offset = (long)(first - (ulong)_start);
        var length = LengthIn(_bytes - offset, copy, pitch);
        ArgumentOutOfRangeException.ThrowIfNegative(offset, nameof(copy));
        for (var piece = offset / _pieceBytes; piece * _pieceBytes < offset + length; piece++) Register(piece);
        if (offset / _pieceBytes == (offset + length - 1) / _pieceBytes) stream.Copy(copy);
        else CopyParts(stream, copy, offset, pitch);
    }

    /// <summary>Ends the registrations. That one fails says only that the device has failed, and its registrations with it.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            for (var piece = 0; piece < _isRegistered.Length; piece++)
            {
                if (_isRegistered[piece]) Unregister(piece);
            }
        }
    }

    /// <summary>Bytes from the first to behind the last that a copy names.</summary>
    /// <param name="room">What there is.</param>
    private static long LengthIn(long room, in DeviceCopy copy, long pitch)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(copy.RowBytes, nameof(copy));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(copy.Rows, nameof(copy));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(copy.RowBytes, room, nameof(copy));
        if (copy.Rows == 1) return copy.RowBytes;
        ArgumentOutOfRangeException.ThrowIfLessThan(copy.SourcePitch, copy.RowBytes, nameof(copy));
        ArgumentOutOfRangeException.ThrowIfLessThan(copy.DestinationPitch, copy.RowBytes, nameof(copy));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pitch, (room - copy.RowBytes) / (copy.Rows - 1), nameof(copy));
        return ((copy.Rows - 1L) * pitch) + copy.RowBytes;
    }

    /// <summary>Runs of rows that end within a piece, and rows that reach over its end in parts.</summary>
    private void CopyParts(IDeviceStream stream, in DeviceCopy copy, long offset, long pitch)
    {
        for (var row = 0; row < copy.Rows;)
        {
            var start = offset + (row * pitch);
            var room = _pieceBytes - (start % _pieceBytes);
            var whole = room < copy.RowBytes ? 0 : copy.Rows == 1 ? 1 : Math.Min(((room - copy.RowBytes) / pitch) + 1, copy.Rows - row);
            if (whole > 0) stream.Copy(Part(copy, row, 0, copy.RowBytes) with { Rows = (int)whole });
            else CopyRow(stream, copy, row, start);
            row += (int)Math.Max(whole, 1);
        }
    }

    private void CopyRow(IDeviceStream stream, in DeviceCopy copy, int row, long start)
    {
        for (var done = 0L; done < copy.RowBytes;)
        {
            var bytes = Math.Min(_pieceBytes - ((start + done) % _pieceBytes), copy.RowBytes - done);
            stream.Copy(Part(copy, row, done, bytes));
            done += bytes;
        }
    }

    /// <summary>Bytes of one row, with the distances of all.</summary>
    private static DeviceCopy Part(in DeviceCopy copy, int row, long skip, long bytes) => copy with
    {
        Source = copy.Source + (ulong)((row * copy.SourcePitch) + skip),
        Destination = copy.Destination + (ulong)((row * copy.DestinationPitch) + skip),
        RowBytes = bytes,
        Rows = 1,
    };

    private void Register(long piece)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (Volatile.Read(ref _isRegistered[piece]) || _refusal is not null) return;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_isRegistered[piece] || _refusal is not null) return;
            try
            {
                var first = piece * _pieceBytes;
                var page = Environment.SystemPageSize;
                _device.Register(_start + (nint)first, (Math.Min(_pieceBytes, _bytes - first) + page - 1) / page * page);
                Volatile.Write(ref _isRegistered[piece], true);
            }
            catch (DeviceException exception)
            {
                _refusal = exception;
            }
        }
    }

    private void Unregister(int piece)
    {
        _isRegistered[piece] = false;
        try
        {
            _device.Unregister(_start + (nint)(piece * _pieceBytes));
        }
        catch (DeviceException)
        {
            // The other pieces are tried all the same.
        }
    }
}
