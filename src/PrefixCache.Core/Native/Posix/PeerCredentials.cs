using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace PrefixCache.Core.Native.Posix;

/// <summary>Who is at the other end of a Unix socket, as the kernel says it (unix(7), <c>SO_PEERCRED</c>: <c>struct ucred</c>).</summary>
/// <param name="Process">Its number in this process's PID namespace; 0 when it is in one that this process does not see.</param>
/// <param name="User">Its user, by number, when it connected.</param>
/// <param name="Group">Its group.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct PeerCredentials(int Process, uint User, uint Group)
{
    private const int SocketLevel = 1;
    private const int PeerCredentialsOption = 17;

    /// <exception cref="SocketException">The socket is no connected Unix socket.</exception>
    public static PeerCredentials Of(Socket socket)
    {
        PeerCredentials credentials = default;
        var bytes = MemoryMarshal.AsBytes(new Span<PeerCredentials>(ref credentials));
        _ = socket.GetRawSocketOption(SocketLevel, PeerCredentialsOption, bytes);
        return credentials;
    }
}
