using PrefixCache.Client.Wire;
using PrefixCache.Grpc;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Client;

/// <summary>One lookup, and what is to be done when its answer does not come.</summary>
/// <remarks>
/// A lookup that is cancelled or times out may have made a reservation whose number nobody here learns: its leases would last as long as
/// the session. It is found again by its request id, with one token, and released. Only where this client chose the id: behind an id of the
/// caller's there may be a reservation that the caller still uses, and who knows the id can look it up again.
/// </remarks>
/// <param name="mayForget">This client chose the request's id.</param>
internal sealed class LookupCall(LookupRequest request, bool mayForget, PrefixCacheClientOptions options)
{
    public async Task<LookupResponse> AskAsync(RpcChannel channel, ReadOnlyMemory<int> tokens, CallOptions call)
    {
        try
        {
            if (request.Parent != 0 && await AskBehindParentAsync(channel, tokens, call) is { } answer) return Check(answer, tokens.Length);
            return Check(await channel.UnaryAsync(PrefixCacheMethods.Lookup, request, new TokenMemory(tokens).Sequence, call),
                tokens.Length);
        }
        catch (RpcException exception) when (mayForget && !tokens.IsEmpty
            && exception.Status is StatusCode.Cancelled or StatusCode.DeadlineExceeded)
        {
            _ = ForgetAsync(channel, new int[] { tokens.Span[0] });
            throw;
        }
    }

    /// <summary>What the node says never decides how much of the caller's memory is written.</summary>
    private static LookupResponse Check(LookupResponse response, int tokens) => response.HitTokens <= (uint)tokens
        ? response
        : throw new RpcException(
            StatusCode.Internal, FormattableString.Invariant($"The node found {response.HitTokens} of {tokens} tokens."));

    /// <summary>Sends the tokens behind the parent's alone. Null when the node does not know the parent any more.</summary>
    private async Task<LookupResponse?> AskBehindParentAsync(RpcChannel channel, ReadOnlyMemory<int> tokens, CallOptions call)
    {
        var own = request.Items.ToList();
        try
        {
            // The items among the parent's tokens come with them.
            foreach (var item in own.Where(item => item.Position < request.ParentTokens)) request.Items.Remove(item);
            var added = new TokenMemory(tokens[(int)request.ParentTokens..]);
            return await channel.UnaryAsync(PrefixCacheMethods.Lookup, request, added.Sequence, call);
        }
        catch (RpcException exception) when (exception.Status == StatusCode.FailedPrecondition)
        {
            return null;
        }
        finally
        {
            (request.Parent, request.ParentTokens) = (0, 0);
            request.Items.Clear();
            request.Items.AddRange(own);
        }
    }

    private async Task ForgetAsync(RpcChannel channel, int[] firstToken)
    {
        var call = new CallOptions { Timeout = options.CallTimeout };
        try
        {
            (request.ComputedTokens, request.Policy) = (0, null);
            request.Items.Clear();
            var found = await channel.UnaryAsync(PrefixCacheMethods.Lookup, request, new TokenMemory(firstToken).Sequence, call);
            var release = new ReleaseRequest { Session = request.Session, Reservation = found.Reservation };
            await channel.UnaryAsync(PrefixCacheMethods.Release, release, call);
        }
        catch (RpcException)
        {
            // The session's end frees it.
        }
    }
}
