using Microsoft.Win32.SafeHandles;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.Format.SharedMemory;

/// <summary>Maps what a node hands over as a file: a file that shrinks kills whoever touches what is gone, so it must be sealed.</summary>
internal static class SealedMapping
{
    /// <summary>Maps the whole file.</summary>
    /// <param name="atLeast">Bytes that it must have.</param>
    /// <exception cref="IOException">It is not sealed against resizing, or too short.</exception>
    /// <exception cref="PosixException">It cannot be mapped.</exception>
    public static MemoryMapping Map(SafeFileHandle file, long atLeast, bool writable)
    {
        var seals = LibC.FileControl(file, LibC.GetSeals, 0);
        if (seals < 0) throw PosixException.FromLastCall("fcntl(F_GET_SEALS)");
        if ((seals & (LibC.SealShrink | LibC.SealGrow)) != (LibC.SealShrink | LibC.SealGrow))
            throw new IOException("The memory is not sealed against resizing: it does not come from a PrefixCache node.");
        var length = RandomAccess.GetLength(file);
        return length >= atLeast
            ? MemoryMapping.Map(file, length, writable)
            : throw new IOException($"The memory has {length} bytes, {atLeast} or more were expected.");
    }
}
