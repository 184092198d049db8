using System.Runtime.InteropServices;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.Core.Native.Posix;

/// <summary>Pins memory (mlock(2)), so that it is never swapped out and its page tables are filled at once.</summary>
/// <remarks>Stateless; thread-safe. Unmapping unlocks, so there is nothing to undo.</remarks>
public static unsafe class MemoryLock
{
    /// <summary>The soft RLIMIT_MEMLOCK (getrlimit(2)) in bytes; <see cref="long.MaxValue"/> without a limit.</summary>
    /// <exception cref="PosixException">getrlimit failed.</exception>
    public static long LimitBytes()
    {
        if (LibC.GetResourceLimit(LibC.ResourceLimitMemoryLock, out ResourceLimit limit) != 0)
            throw PosixException.FromLastCall("getrlimit(RLIMIT_MEMLOCK)");
        return limit.Current > long.MaxValue ? long.MaxValue : (long)limit.Current;
    }

    /// <summary>Tries to pin a range.</summary>
    /// <remarks>The limit is not compared beforehand: with CAP_IPC_LOCK the kernel ignores it.</remarks>
    /// <param name="start">First byte.</param>
    /// <param name="length">Bytes, above 0.</param>
    /// <returns>Whether it worked, and if not why. Refusal is an expected outcome, not an error.</returns>
    public static MemoryLockResult TryLock(byte* start, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        int errno = LibC.Lock(start, (nuint)length) == 0 ? 0 : Marshal.GetLastPInvokeError();
        return new MemoryLockResult(errno == 0, length, LimitBytes(), errno);
    }
}
