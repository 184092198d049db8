using PrefixCache.Format.Devices;

namespace PrefixCache.Client.Devices;

/// <summary>Puts runs of bytes together into as few copies of a device as their addresses allow.</summary>
/// <remarks>
/// Runs come line by line, a line being a segment. Runs that follow each other in a line become one; a line's n-th run and the n-th ones of
/// the lines before, equally long and at equal distances on both sides, become the rows of one. A copy of a device costs microseconds
/// before its first byte, as much as the bytes of a run often take. Not thread-safe; used again after <see cref="Clear"/>, it allocates
/// nothing.
/// </remarks>
internal sealed class DeviceCopyBatch
{
    /// <summary>Most that drivers take as the distance of rows (CU_DEVICE_ATTRIBUTE_MAX_PITCH).</summary>
    private const long MaxPitch = int.MaxValue;

    private readonly List<DeviceCopy> _closed = [];
    private readonly List<Pending> _open = [];
    private Pending _last;
    private int _column;

    /// <summary>All that was added, after <see cref="Close"/>; no particular order.</summary>
    public IReadOnlyList<DeviceCopy> Copies => _closed;

    /// <summary>Begins a line: its first run is compared with the first one of the line before.</summary>
    public void NextLine()
    {
        PlaceLast();
        _column = 0;
    }

    /// <summary>Adds a run, or rows at a distance.</summary>
    /// <param name="copy">Its destination is nobody else's.</param>
    /// <param name="allocation">In which the caller's side lies: one copy does not reach into another.</param>
    public void Add(in DeviceCopy copy, ulong allocation)
    {
        if (copy.Rows > 1 && (copy.SourcePitch > MaxPitch || copy.DestinationPitch > MaxPitch))
        {
            for (var row = 0; row < copy.Rows; row++) AddRows(Row(copy, row), allocation);
        }
        else
        {
            AddRows(copy, allocation);
        }
    }

    /// <summary>Ends the lines: what comes then is compared with nothing before.</summary>
    public void Close()
    {
        NextLine();
        foreach (var pending in _open) _closed.Add(Plain(pending.Copy));
        _open.Clear();
    }

    /// <summary>Forgets the copies.</summary>
    public void Clear()
    {
        _closed.Clear();
        _open.Clear();
        (_last, _column) = (default, 0);
    }

    private static DeviceCopy Row(in DeviceCopy copy, int row) => new(copy.Kind,
        copy.Source + (ulong)(row * copy.SourcePitch), copy.Destination + (ulong)(row * copy.DestinationPitch), copy.RowBytes);

    /// <summary>Rows without gaps on either side are one.</summary>
    private static DeviceCopy Plain(in DeviceCopy copy) =>
        copy.Rows > 1 && copy.SourcePitch == copy.RowBytes && copy.DestinationPitch == copy.RowBytes
            ? new DeviceCopy(copy.Kind, copy.Source, copy.Destination, copy.Bytes)
            : copy;

    private void AddRows(in DeviceCopy copy, ulong allocation)
    {
        if (_last.TryAppend(copy, allocation)) return;
        PlaceLast();
        _last = new Pending(copy, allocation);
    }

    /// <summary>The last run goes no further: below the ones of its column, or to the head of a new one.</summary>
    private void PlaceLast()
    {
        if (_last.Copy.Rows == 0) return;
        if (_column == _open.Count)
        {
            _open.Add(_last);
        }
        else if (_open[_column].Below(_last) is { } taller)
        {
            _open[_column] = taller;
        }
        else
        {
            _closed.Add(Plain(_open[_column].Copy));
            _open[_column] = _last;
        }

        _column++;
        _last = default;
    }

    /// <summary>A copy that may grow; without rows, none.</summary>
    private struct Pending(DeviceCopy copy, ulong allocation)
    {
        public DeviceCopy Copy { get; private set; } = copy;

        /// <summary>Takes in what follows in the same line: on both sides right behind the last byte, or at the rows' distance.</summary>
        public bool TryAppend(in DeviceCopy next, ulong of)
        {
            if (Copy.Rows == 0 || of != allocation) return false;
            if (Copy.Rows == 1 && next.Rows == 1)
            {
                if (next.Source != Copy.Source + (ulong)Copy.RowBytes || next.Destination != Copy.Destination + (ulong)Copy.RowBytes)
                    return false;
                Copy = new DeviceCopy(Copy.Kind, Copy.Source, Copy.Destination, Copy.RowBytes + next.RowBytes);
                return true;
            }

            var isNext = Copy.Rows > 1 && next.RowBytes == Copy.RowBytes
                && next.Source == Copy.Source + (ulong)(Copy.Rows * Copy.SourcePitch)
                && next.Destination == Copy.Destination + (ulong)(Copy.Rows * Copy.DestinationPitch)
                && (next.Rows == 1 || (next.SourcePitch == Copy.SourcePitch && next.DestinationPitch == Copy.DestinationPitch));
            if (isNext) Copy = Copy with { Rows = Copy.Rows + next.Rows };
            return isNext;
        }

        /// <summary>This copy with a run of the next line as its last row; null where it does not fit.</summary>
        public readonly Pending? Below(in Pending next)
        {
            var run = next.Copy;
            if (next.Allocation != allocation || run.Rows != 1 || run.RowBytes != Copy.RowBytes) return null;
            var source = (long)(run.Source - Copy.Source);
            var destination = (long)(run.Destination - Copy.Destination);
            if (Copy.Rows > 1)
            {
                return source == Copy.Rows * Copy.SourcePitch && destination == Copy.Rows * Copy.DestinationPitch
                    ? this with { Copy = Copy with { Rows = Copy.Rows + 1 } }
                    : null;
            }

            // Rows must not overlap, nor go backwards.
            return source >= run.RowBytes && source <= MaxPitch && destination >= run.RowBytes && destination <= MaxPitch
                ? this with { Copy = Copy with { Rows = 2, SourcePitch = source, DestinationPitch = destination } }
                : null;
        }

        private readonly ulong Allocation => allocation;
    }
}
