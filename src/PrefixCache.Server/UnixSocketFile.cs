using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace PrefixCache.Server;

/// <summary>The file of the Unix socket: nobody but its owner may connect, and one that a dead node left behind is taken away.</summary>
internal static partial class UnixSocketFile
{
    /// <exception cref="IOException">A living process serves there, or something that is no socket lies there.</exception>
    public static void RemoveStale(string path, string option = "socket")
    {
        if (!File.Exists(path)) return;
        if (!IsSocket(path)) throw new IOException($"{option}: {path} is there and is no socket: remove it, or choose another path.");
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }
        catch (SocketException exception)
        {
            throw new IOException(
                $"{option}: what serves on {path} cannot be asked ({exception.Message}): stop it, or choose another path.");
        }

        throw new IOException($"{option}: another process serves on {path}: stop it, or choose another path.");
    }

    /// <summary>
    /// Files made until this is disposed get mode 0600: a chmod after bind(2) would leave a moment in which anybody could connect.
    /// </summary>
    /// <remarks>
    /// umask(2) is the process's, so files that other threads make meanwhile are private too: harmless, and a matter of milliseconds.
    /// </remarks>
    public static IDisposable RestrictNewFiles(string path) => new Mask(path.Length > 0);

    /// <summary>An ordinary file refuses a connection just as a dead socket does, and must not be deleted for it.</summary>
    private static unsafe bool IsSocket(string path)
    {
        // struct statx of statx(2): 256 bytes, stx_mode at 28.
        const int CurrentFolder = -100, NoFollow = 0x100, TypeMask = 0xF000, SocketType = 0xC000;
        const uint TypeOnly = 1;
        var buffer = stackalloc byte[256];
        return GetStatus(CurrentFolder, path, NoFollow, TypeOnly, buffer) == 0 && (*(ushort*)(buffer + 28) & TypeMask) == SocketType;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int GetStatus(int folder, string path, int flags, uint mask, byte* status);

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
