using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace PrefixCache.Grpc.Server;

/// <summary>The limits of Kestrel that long-lived, bulk-carrying gRPC calls need changed.</summary>
internal static class KestrelLimits
{
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
        limits.MaxResponseBufferSize = int.Parse(Environment.GetEnvironmentVariable("MRB") ?? "0", System.Globalization.CultureInfo.InvariantCulture);

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
