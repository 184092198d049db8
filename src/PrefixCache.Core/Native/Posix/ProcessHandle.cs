using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.Core.Native.Posix;

/// <summary>A process by its pidfd (pidfd_open(2)): unlike its number, it never comes to mean another process.</summary>
/// <remarks>Owns the descriptor, which is readable once the process is dead: no thread of it runs, and it writes no memory.</remarks>
public sealed class ProcessHandle : IDisposable
{
    /// <summary>SO_PEERPIDFD, Linux 6.5.</summary>
    private const int PeerProcessOption = 77;

    private ProcessHandle(int id, SafeFileHandle descriptor) => (Id, Descriptor) = (id, descriptor);

    /// <summary>Its number in this process's PID namespace.</summary>
    public int Id { get; }

    /// <summary>It is dead, or a zombie.</summary>
    /// <exception cref="ObjectDisposedException">Nobody watches it any more.</exception>
    public bool IsDead
    {
        get
        {
            var held = false;
            try
            {
                // The number of a closed descriptor may be another file's.
                Descriptor.DangerousAddRef(ref held);
                var poll = new PollDescriptor { Descriptor = (int)Descriptor.DangerousGetHandle(), Events = PollDescriptor.Readable };
                return LibC.Poll(ref poll, 1, 0) > 0;
            }
            finally
            {
                if (held) Descriptor.DangerousRelease();
            }
        }
    }

    internal SafeFileHandle Descriptor { get; }

    /// <summary>The process at the other end of a Unix socket.</summary>
    /// <remarks>
    /// Before Linux 6.5 it is found by its number. Were the peer dead and its number another process's by now, that one would be watched:
    /// the peer had to be dead for that, and what it held is given back late, never early.
    /// </remarks>
    /// <exception cref="PosixException">The process is gone, or the kernel has no pidfd (Linux 5.3).</exception>
    public static unsafe ProcessHandle OfPeer(SafeHandle socket, int id)
    {
        var descriptor = -1;
        uint length = sizeof(int);
        return LibC.GetSocketOption(socket, LibC.SocketLevel, PeerProcessOption, &descriptor, ref length) == 0
            ? new ProcessHandle(id, new SafeFileHandle(descriptor, ownsHandle: true))
            : Open(id);
    }

    /// <summary>A process by its number.</summary>
    /// <exception cref="PosixException">There is none (ESRCH), or the kernel has no pidfd.</exception>
    public static ProcessHandle Open(int id)
    {
        var descriptor = LibC.SystemCall(LibC.OpenProcessCall, id, 0);
        return descriptor >= 0
            ? new ProcessHandle(id, new SafeFileHandle((nint)descriptor, ownsHandle: true))
            : throw PosixException.FromLastCall(
                "pidfd_open", $"Process {id} cannot be watched: pidfd needs Linux 5.3 and a living process.");
    }

    public void Dispose() => Descriptor.Dispose();
}
