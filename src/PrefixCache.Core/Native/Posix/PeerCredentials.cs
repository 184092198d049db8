using System.Runtime.InteropServices;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.Core.Native.Posix;

/// <summary>Who is at the other end of a Unix socket, as the kernel says it (unix(7), <c>SO_PEERCRED</c>: <c>struct ucred</c>).</summary>
/// <param name="Process">Its number in this process's PID namespace; 0 when it is in one that this process does not see.</param>
/// <param name="User">Its user, by number, when it connected.</param>
/// <param name="Group">Its group.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct PeerCredentials(int Process, uint User, uint Group)
{
    private const int PeerCredentialsOption = 17;

    /// <param name="socket">A connected Unix socket.</param>
    /// <exception cref="PosixException">It is none.</exception>
    public static unsafe PeerCredentials Of(SafeHandle socket)
    {
        PeerCredentials credentials = default;
        var length = (uint)sizeof(PeerCredentials);
        return LibC.GetSocketOption(socket, LibC.SocketLevel, PeerCredentialsOption, &credentials, ref length) == 0
            ? credentials
            : throw PosixException.FromLastCall("getsockopt(SO_PEERCRED)");
    }
}
