using Google.Protobuf;
using PrefixCache.Client.Sessions;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Client.Wire;

internal static class LookupMessages
{
    public static LookupRequest Request(NodeSession? session, Format.Layouts.KvLayout layout, LookupOptions options)
    {
        var request = new LookupRequest
        {
            Session = session?.Id ?? ByteString.Empty,
            RequestId = options.RequestId.Length == 0 ? Guid.NewGuid().ToString("N") : options.RequestId,
            LayoutId = ByteString.CopyFrom(layout.Id.ToArray()),
            Salt = options.Salt,
            Adapter = options.Adapter,
            ComputedTokens = (uint)options.ComputedTokens,
            AlignTokens = (uint)options.AlignTokens,
        };
        // Ranks of an engine with several locate their shards themselves.
        if (session?.Arena is not null && layout.Shards.Count == 1) request.ExtentShards.Add(0);
        return request;
    }
}
