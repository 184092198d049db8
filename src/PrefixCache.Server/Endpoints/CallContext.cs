using Google.Protobuf;
using Google.Protobuf.Collections;
using PrefixCache.Core;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Tokens;
using PrefixCache.Grpc;
using PrefixCache.Server.Security;
using PrefixCache.Server.Wire;

namespace PrefixCache.Server.Endpoints;

/// <summary>What every endpoint asks of a call: whose session, and the tokens that came with it.</summary>
internal static class CallContext
{
    public static Credential Credential(this ServerCall call) => (Credential)call.UserState!;

    /// <summary>The session that the message names, if the caller's credential names its tenant.</summary>
    public static Session FindSession(this CacheNode node, ServerCall call, ByteString id)
    {
        var session = node.Sessions.Find(id.Span).OrThrow();
        return call.Credential().Tenants.Contains(session.Instance.Tenant)
            ? session
            : throw new RpcException(StatusCode.PermissionDenied, "The session belongs to a tenant that this credential does not name.");
    }

    /// <summary>Reads the payload into a token buffer, after its size was found to be in order.</summary>
    public static async ValueTask<TokenBuffer> ReadTokensAsync<T>(
        this MessageReader<T> reader, CacheNode node, CancellationToken cancellationToken, MultimodalItem[]? items = null)
        where T : IMessage<T>
    {
        if (reader.PayloadLength % TokenBuffer.TokenBytes != 0)
            throw new RpcException(StatusCode.InvalidArgument, $"tokens has {reader.PayloadLength} bytes: 4 per token, little-endian.");
        var count = reader.PayloadLength / TokenBuffer.TokenBytes;
        using var room = node.Lookups.Expect(count).OrThrow();
        var tokens = new TokenBuffer(count, items);
        try
        {
            await reader.ReadPayloadAsync(tokens.Memory, cancellationToken);
            return tokens;
        }
        catch
        {
            tokens.Dispose();
            throw;
        }
    }

    /// <summary>The items of a request; their positions are checked where its tokens are known.</summary>
    public static MultimodalItem[] Items(RepeatedField<Protocol.V1.MultimodalItem> items) => items.Count == 0
        ? []
        : [.. items.Select(item => new MultimodalItem(Signed(item.Position), item.Digest.ToByteArray()))];

    /// <summary>Refuses what is none of an enumeration's numbers: a reader of the wire gets any.</summary>
    public static void CheckDefined<T>(T value, string field)
        where T : struct, Enum
    {
        if (Enum.IsDefined(value)) return;
        throw new RpcException(StatusCode.InvalidArgument, $"{field} is {value:D}: 0 to {Enum.GetValues<T>().Max():D}.");
    }

    /// <summary>A number of the wire as one of the domain, which has no use for more than 31 bits.</summary>
    public static int Signed(uint value) => (int)Math.Min(value, int.MaxValue);
}
