using Microsoft.Win32.SafeHandles;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.Format.SharedMemory;

/// <summary>A worker's view of a node's arena in host memory: its payload and the table that says which blocks lie in it.</summary>
/// <remarks>Owns both mappings; they outlive the node.</remarks>
public sealed unsafe class ArenaView : MappedArena
{
    private const long PopulatePieceBytes = 16 << 20;

    private readonly MemoryMapping _payload;
    private readonly List<IDisposable> _dependents = [];
    private Task _populated = Task.CompletedTask;

    private ArenaView(ControlView control, MemoryMapping payload, bool writable)
        : base(control)
    {
        _payload = payload;
        IsWritable = writable;
    }

    /// <summary>The payload may be written.</summary>
    public bool IsWritable { get; }

    /// <summary>Ends when <see cref="StartPopulating"/> has filled the page tables, or has given up.</summary>
    public Task Populated => _populated;

    /// <summary>Maps what a node has handed over; the descriptors may be closed afterwards.</summary>
    /// <exception cref="IOException">They are no arena that this version understands, or not sealed.</exception>
    /// <exception cref="PosixException">The memory cannot be mapped.</exception>
    public static ArenaView Map(SafeFileHandle control, SafeFileHandle payload, bool writable)
    {
        var controlView = ControlView.Map(control);
        MemoryMapping? mapping = null;
        try
        {
            mapping = SealedMapping.Map(payload, 1, writable);
            return mapping.Length == controlView.ArenaBytes
                ? new ArenaView(controlView, mapping, writable)
                : throw ControlView.Misfit();
        }
        catch
        {
            controlView.Dispose();
            mapping?.Dispose();
            throw;
        }
    }

    /// <summary>A range of the payload; hold the view while you use it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the arena.</exception>
    public byte* Payload(long offset, long length)
    {
        CheckRange(offset, length);
        return _payload.Pointer + offset;
    }

    /// <summary>
    /// Fills this process's page tables in the background, for the first touch of a page costs more than copying it. Once.
    /// </summary>
    public void StartPopulating()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _populated = done.Task;
        new Thread(() => Populate(done)) { IsBackground = true, Name = "PrefixCache populate", Priority = ThreadPriority.Lowest }.Start();
    }

    /// <summary>Disposes something that uses the payload when the mappings go, before they do. To be called by the view's owner.</summary>
    public void DisposeWith(IDisposable dependent)
    {
        lock (_dependents) _dependents.Add(dependent);
    }

    private protected override void Unmap()
    {
        lock (_dependents) _dependents.ForEach(dependent => dependent.Dispose());
        _payload.Dispose();
    }

    private void Populate(TaskCompletionSource done)
    {
        try
        {
            for (long offset = 0; offset < Bytes && TryAcquire(); offset += PopulatePieceBytes)
            {
                try
                {
                    _payload.Populate(offset, Math.Min(PopulatePieceBytes, Bytes - offset), IsWritable);
                }
                finally
                {
                    Release();
                }
            }
        }
        catch (PosixException)
        {
            // Copies pay for the rest, page by page.
        }

        done.SetResult();
    }
}
