using System.Net;
using System.Net.Http.Headers;

namespace PrefixCache.IntegrationTests.Fixtures;

/// <summary>Posts bytes as the body of a call, whatever they are, and gives its status.</summary>
internal static class RawHttp
{
    public static async Task<(string? Status, string? Message)> PostAsync(string address, string method, byte[] body)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false };
        using var client = new HttpMessageInvoker(handler);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{address}/prefixcache.v1.PrefixCache/{method}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using var response = await client.SendAsync(request, CancellationToken.None).WaitAsync(RawSession.CallTimeout);
        await response.Content.LoadIntoBufferAsync();
        return (Field(response, "grpc-status"), Field(response, "grpc-message"));
    }

    /// <summary>The head of a message that announces a length.</summary>
    public static byte[] FrameHead(uint length) => [0, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length];

    private static string? Field(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) || response.TrailingHeaders.TryGetValues(name, out values)
            ? Uri.UnescapeDataString(values.First()) : null;
}
