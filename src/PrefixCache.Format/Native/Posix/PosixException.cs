using System.Runtime.InteropServices;

namespace PrefixCache.Format.Native.Posix;

/// <summary>A call into the C library failed.</summary>
public sealed class PosixException : Exception
{
    /// <param name="call">Name of the call, such as <c>mmap</c>.</param>
    /// <param name="errno">Error number that it left.</param>
    /// <param name="advice">What the reader of the message can do about it; may be empty.</param>
    public PosixException(string call, int errno, string advice = "")
        : base($"{call} failed: {Posix.Errno.NameOf(errno)} ({errno}): {Marshal.GetPInvokeErrorMessage(errno)}."
            + (advice.Length == 0 ? "" : " " + advice))
    {
        Call = call;
        Errno = errno;
    }

    /// <summary>Name of the call that failed.</summary>
    public string Call { get; }

    /// <summary>Its error number (errno(3)).</summary>
    public int Errno { get; }

    /// <summary>Symbolic name of <see cref="Errno"/>.</summary>
    public string ErrnoName => Posix.Errno.NameOf(Errno);

    /// <summary>For the error number that the last call on this thread left.</summary>
    public static PosixException FromLastCall(string call, string advice = "") =>
        new(call, Marshal.GetLastPInvokeError(), advice);
}
