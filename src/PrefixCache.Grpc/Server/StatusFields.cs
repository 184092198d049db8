using System.Globalization;
using Microsoft.AspNetCore.Http;
using PrefixCache.Grpc.Headers;

namespace PrefixCache.Grpc.Server;

/// <summary>
/// Puts a call's status where the client looks for it: into the trailers, or into the headers of an answer without messages.
/// </summary>
internal static class StatusFields
{
    private static readonly string[] Numbers =
        [.. Enumerable.Range(0, 17).Select(static code => code.ToString(CultureInfo.InvariantCulture))];

    public static void Write(HttpResponse response, bool asTrailers, StatusCode status, string detail, Metadata trailers)
    {
        foreach (var entry in trailers)
            Append(response, asTrailers, entry.Key, entry.Value);

        if (detail.Length > 0)
            Append(response, asTrailers, HeaderNames.Message, StatusMessage.Encode(detail));
        Append(response, asTrailers, HeaderNames.Status, Numbers[(int)status]);
    }

    private static void Append(HttpResponse response, bool asTrailer, string key, string value)
    {
        if (asTrailer)
            response.AppendTrailer(key, value);
        else
            response.Headers.Append(key, value);
    }
}
