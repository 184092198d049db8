namespace PrefixCache.Core.Native.Posix;

/// <summary>What became of an attempt to pin memory.</summary>
/// <param name="IsLocked">Whether all of it is pinned now.</param>
/// <param name="AskedBytes">Bytes to be pinned.</param>
/// <param name="LimitBytes">The process's soft RLIMIT_MEMLOCK; <see cref="long.MaxValue"/> without a limit.</param>
/// <param name="Errno">Error number of mlock(2), 0 when pinned or not tried.</param>
public readonly record struct MemoryLockResult(bool IsLocked, long AskedBytes, long LimitBytes, int Errno)
{
    /// <summary>Whether pinning was tried and refused: worth one warning, the memory works all the same.</summary>
    public bool IsRefused => !IsLocked && Errno != 0;

    /// <summary>One sentence for the log: what happened and, where it was refused, what to do about it.</summary>
    public string Describe()
    {
        if (IsLocked) return $"{AskedBytes} bytes are locked in memory.";
        string limit = LimitBytes == long.MaxValue ? "unlimited" : $"{LimitBytes} bytes";
        string why = Format.Native.Posix.Errno.NameOf(Errno);
        return $"{AskedBytes} bytes could not be locked in memory ({why}; RLIMIT_MEMLOCK is {limit}): they may be "
            + "swapped out. Raise the limit (`ulimit -l`, systemd LimitMEMLOCK=, docker --ulimit memlock=-1) or grant CAP_IPC_LOCK.";
    }
}
