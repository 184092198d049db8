using System.Globalization;
using System.Net;

namespace PrefixCache.Benchmarks.Transport;

/// <summary>The reference: one HTTP/2 stream without gRPC, from and into native memory.</summary>
internal sealed class BareClient(string address, int windowBytes) : IDisposable
{
    private readonly HttpMessageInvoker _invoker = new(
        new SocketsHttpHandler { UseProxy = false, InitialHttp2StreamWindowSize = windowBytes });

    public async Task DownAsync(int count)
    {
        using var block = new NativeBlock(TransportMethods.MessageBytes);
        using var response = await SendAsync(HttpMethod.Get, $"/bare/down?count={count}", null);
        await using var stream = await response.Content.ReadAsStreamAsync();
        var total = 0L;
        for (var offset = 0; ;)
        {
            var read = await stream.ReadAsync(block.Memory[offset..]);
            if (read == 0)
                break;
            total += read;
            offset = (offset + read) % TransportMethods.MessageBytes;
        }

        if (total != (long)count * TransportMethods.MessageBytes)
            throw new InvalidDataException($"The bare stream carried {total} bytes.");
    }

    public async Task UpAsync(int count)
    {
        using var response = await SendAsync(HttpMethod.Post, "/bare/up", new BlockContent(count));
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Bytes that the server process has allocated so far.</summary>
    public async Task<long> AllocatedAsync()
    {
        using var response = await SendAsync(HttpMethod.Get, "/allocated", null);
        return long.Parse(await response.Content.ReadAsStringAsync(), CultureInfo.InvariantCulture);
    }

    public void Dispose() => _invoker.Dispose();

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content) => _invoker.SendAsync(
        new HttpRequestMessage(method, address + path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        },
        CancellationToken.None);

    private sealed class BlockContent(int count) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            using var block = new NativeBlock(TransportMethods.MessageBytes);
            for (var i = 0; i < count; i++)
                await stream.WriteAsync(block.Memory);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
