using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace PrefixCache.Grpc.Server;

/// <summary>The limits of Kestrel that long-lived, bulk-carrying gRPC calls need changed.</summary>
internal static class KestrelLimits
{
    /// <summary>Bytes that may wait for the socket of one connection before its writers do. At Kestrel's 64 KiB nearly every frame waits,
    /// and every wait allocates: 14 MiB per GiB sent, against 6 here.</summary>
    private const int SocketBufferBytes = 256 << 10;

    public static void Apply(SocketTransportOptions options) => options.MaxWriteBufferSize = SocketBufferBytes;

    public static void Apply(KestrelServerOptions options)
    {
        options.AddServerHeader = false;
        var limits = options.Limits;

        // On HTTP/2 one paused upload would otherwise end its whole connection. The write side has the server's own stall watch.
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;

        // Message limits are per method and checked before a message is read; streams have no total.
        limits.MaxRequestBodySize = null;
        limits.KeepAliveTimeout = TimeSpan.FromMinutes(10);

        // A flush then ends when the bytes are within the peer's window: nothing is left behind that the stall watch cannot see, and
        // an ended call leaves no bytes that a peer could keep from the shutdown. As fast as a buffer of 64 KiB or 1 MiB.
        limits.MaxResponseBufferSize = 0;

        // A vanished peer is noticed in under a minute.
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
        limits.Http2.MaxStreamsPerConnection = 1000;

        // The connection's window bounds the memory that one peer can make the server hold.
        limits.Http2.InitialStreamWindowSize = 4 << 20;
        limits.Http2.InitialConnectionWindowSize = 8 << 20;
        limits.Http2.MaxFrameSize = 256 << 10;
    }
}
