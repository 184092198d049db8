using System.Net;
using System.Net.Http.Headers;

namespace PrefixCache.GrpcTests;

/// <summary>Sends requests that our client never would.</summary>
internal static class RawRequest
{
    /// <summary>Posts bytes as they are and reads the whole answer.</summary>
    public static async Task<RawResponse> SendAsync(
        string address,
        string path,
        byte[] body,
        string contentType = "application/grpc",
        (string Name, string Value)[]? headers = null,
        HttpMethod? method = null)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false };
        using var client = new HttpMessageInvoker(handler);
        using var request = new HttpRequestMessage(method ?? HttpMethod.Post, address + path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        foreach (var (name, value) in headers ?? [])
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await client.SendAsync(request, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20));
        var content = await response.Content.ReadAsByteArrayAsync();
        return new RawResponse(
            (int)response.StatusCode,
            Find(response.Headers, "grpc-status") ?? Find(response.TrailingHeaders, "grpc-status"),
            Find(response.Headers, "grpc-message") ?? Find(response.TrailingHeaders, "grpc-message"),
            Find(response.Headers, "grpc-accept-encoding"),
            content);
    }

    /// <summary>A frame around bytes.</summary>
    public static byte[] Frame(byte[] message, byte flag = 0, uint? length = null)
    {
        var announced = length ?? (uint)message.Length;
        return [flag, (byte)(announced >> 24), (byte)(announced >> 16), (byte)(announced >> 8), (byte)announced, .. message];
    }

    private static string? Find(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) ? string.Join(",", values) : null;
}
