using System.Net;
using System.Net.Sockets;

namespace PrefixCache.Grpc.Client;

/// <summary>Makes the HTTP client of a channel: TCP, TLS or Unix socket, HTTP/2 from the first byte.</summary>
internal static class ChannelTransport
{
    private const int SmallestWindow = 64 << 10;
    private const int LargestWindow = 16 << 20;
    private const string FixedWindowSwitch = "System.Net.SocketsHttpHandler.Http2FlowControl.DisableDynamicWindowSizing";

    // The HTTP client would double the window as it likes, see RpcChannelOptions.StreamWindowBytes. It knows only a switch for the
    // whole process; an application that has set it keeps its choice.
    static ChannelTransport()
    {
        if (!AppContext.TryGetSwitch(FixedWindowSwitch, out _))
            AppContext.SetSwitch(FixedWindowSwitch, true);
    }

    /// <summary>Splits an address into the URI that requests carry and, for a Unix socket, the path to connect to.</summary>
    public static (Uri Base, string? SocketPath) Parse(string address)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri))
            throw Invalid(address);
        return uri.Scheme switch
        {
            "http" or "https" => (new Uri(uri.GetLeftPart(UriPartial.Authority)), null),
            "unix" when uri.AbsolutePath.Length > 1 && uri.Host.Length == 0 =>
                (new Uri("http://localhost"), Uri.UnescapeDataString(uri.AbsolutePath)),
            _ => throw Invalid(address),
        };
    }

    public static HttpMessageInvoker Create(RpcChannelOptions options, string? socketPath)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            KeepAlivePingDelay = options.KeepAlivePingDelay,
            KeepAlivePingTimeout = options.KeepAlivePingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            InitialHttp2StreamWindowSize = Math.Clamp(options.StreamWindowBytes, SmallestWindow, LargestWindow),
        };
        if (options.Tls is { } tls)
            handler.SslOptions = tls;
        if (socketPath is not null)
            handler.ConnectCallback = (_, cancellationToken) => ConnectAsync(socketPath, cancellationToken);
        return new HttpMessageInvoker(handler);
    }

    private static async ValueTask<Stream> ConnectAsync(string socketPath, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static ArgumentException Invalid(string address) =>
        new($"The address '{address}' is none of http://host:port, https://host:port and unix:///path/to.sock.");
}
