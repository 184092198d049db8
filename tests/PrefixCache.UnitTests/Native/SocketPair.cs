using System.Net.Sockets;

namespace PrefixCache.UnitTests.Native;

/// <summary>Two connected Unix sockets of this process.</summary>
internal sealed class SocketPair : IDisposable
{
    public SocketPair()
    {
        using Socket listener = New();
        UnixDomainSocketEndPoint address = new($"\0prefixcache-test-{Guid.NewGuid():N}");
        listener.Bind(address);
        listener.Listen();
        Near = New();
        Near.Connect(address);
        Far = listener.Accept();
    }

    public Socket Near { get; }

    public Socket Far { get; }

    public void Dispose()
    {
        Near.Dispose();
        Far.Dispose();
    }

    private static Socket New() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
}
