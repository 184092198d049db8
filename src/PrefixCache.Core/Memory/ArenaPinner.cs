using PrefixCache.Core.Native.Posix;

namespace PrefixCache.Core.Memory;

/// <summary>Pins an arena in the background, piece by piece.</summary>
/// <remarks>
/// mlock(2) faults every page in, which takes seconds for gigabytes on a machine that hands its memory out lazily: a node serves
/// meanwhile, for its memory is reserved already. One thread, which ends between two pieces when this is disposed; dispose it before the
/// arena.
/// </remarks>
public sealed class ArenaPinner : IDisposable
{
    private const long PieceBytes = 64 << 20;

    private readonly Arena _arena;
    private readonly TaskCompletionSource<MemoryLockResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private volatile bool _stop;

    public ArenaPinner(Arena arena)
    {
        _arena = arena;
        _thread = new Thread(Pin) { IsBackground = true, Name = "PrefixCache pin" };
        _thread.Start();
    }

    /// <summary>Whether all of it is pinned, and if not why; cancelled when this was disposed before.</summary>
    public Task<MemoryLockResult> Result => _result.Task;

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
    }

    private unsafe void Pin()
    {
        for (long offset = 0; offset < _arena.CapacityBytes && !_stop; offset += PieceBytes)
        {
            var piece = MemoryLock.TryLock(_arena.Base + offset, Math.Min(PieceBytes, _arena.CapacityBytes - offset));
            if (piece.IsLocked) continue;
            _result.TrySetResult(piece with { AskedBytes = _arena.CapacityBytes });
            return;
        }

        if (_stop) _result.TrySetCanceled();
        else _result.TrySetResult(new MemoryLockResult(IsLocked: true, _arena.CapacityBytes, MemoryLock.LimitBytes(), Errno: 0));
    }
}
