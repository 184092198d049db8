using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace PrefixCache.Server;

/// <summary>The file of the Unix socket: nobody but its owner may connect, and one that a dead node left behind is taken away.</summary>
internal static partial class UnixSocketFile
{
    /// <exception cref="IOException">A living process serves there, or something that is no socket lies there.</exception>
    public static void RemoveStale(string path)
    {
        if (!File.Exists(path)) return;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused && new FileInfo(path).Length == 0)
        {
            File.Delete(path);
            return;
        }
        catch (SocketException exception)
        {
            throw new IOException($"socket: {path} is there and is no socket of a node ({exception.Message}): remove it, or choose another path.");
        }

        throw new IOException($"socket: another process serves on {path}: stop it, or choose another path.");
    }

    /// <summary>
    /// Files made until this is disposed get mode 0600: a chmod after bind(2) would leave a moment in which anybody could connect.
    /// </summary>
    /// <remarks>umask(2) is the process's, so files that other threads make meanwhile are private too: harmless, and a matter of milliseconds.</remarks>
    public static IDisposable RestrictNewFiles(string path) => new Mask(path.Length > 0);

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint SetMask(uint mask);

    private sealed class Mask : IDisposable
    {
        private const uint OwnerOnly = 0b_001_111_111; // 0177

        private readonly bool _active;
        private readonly uint _previous;

        public Mask(bool active)
        {
            _active = active;
            if (active) _previous = SetMask(OwnerOnly);
        }

        public void Dispose()
        {
            if (_active) _ = SetMask(_previous);
        }
    }
}
