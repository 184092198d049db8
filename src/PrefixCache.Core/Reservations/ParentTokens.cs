using PrefixCache.Core.Results;
using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Reservations;

/// <summary>Follow-ups that send their new tokens alone.</summary>
internal static class ParentTokens
{
    /// <summary>The parent's tokens and those that follow.</summary>
    public static Result<TokenBuffer> Join(
        NodeState state, in LookupQuery query, TokenBuffer tokens, out int? storeLimit)
    {
        storeLimit = null;
        if (LookupCheck.NotScheduler(query.Session) is { } role) return role;
        TokenBuffer parent;
        lock (state.Gate)
        {
            if (!state.Reservations.Find(query.Session, query.Parent).Succeeded(out var found, out _))
                return CacheError.FailedPrecondition($"The parent {query.Parent} is unknown or has ended: send all tokens.");
            parent = found.Tokens.Retain();

            // What the parent's request kept out of the cache stays out, unless the follow-up says otherwise.
            if (found.StoreLimit < int.MaxValue) storeLimit = found.StoreLimit;
        }

        using (parent)
        {
            var count = query.ParentTokens == 0 ? parent.Count : query.ParentTokens;
            if (count > parent.Count)
                return CacheError.InvalidArgument($"parent_tokens is {count}, but the parent has {parent.Count} tokens.");
            if (state.Limits.CheckTokens(count + tokens.Count) is { } limit) return limit;
            var whole = new TokenBuffer(count + tokens.Count, [.. parent.Text(0, count).Items, .. tokens.Items]);
            parent.Slice(0, count).CopyTo(whole.Memory.Span);
            tokens.Bytes.CopyTo(whole.Memory.Span[(count * TokenBuffer.TokenBytes)..]);
            return whole;
        }
    }
}
