using PrefixCache.Core.Index;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Tokens;
using PrefixCache.Format.Layouts;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>Brings what Redis has of a prefix into the host tier before anybody asks for it. Thread-safe.</summary>
public sealed class PrefetchService
{
    private readonly NodeState _state;

    internal PrefetchService(NodeState state) => _state = state;

    /// <summary>Begins to load; takes no leases, and waits for Redis's answer alone, within the budget of a lookup.</summary>
    /// <param name="tokens">The service takes this reference over, also when it fails.</param>
    public async ValueTask<Result<PrefetchAnswer>> PrefetchAsync(
        Session session, KvLayout layout, string salt, string adapter, TokenBuffer tokens, CancellationToken cancellationToken)
    {
        using var kept = tokens;
        if ((NamespaceKey.CheckNames(salt, adapter) ?? tokens.CheckItems()) is { } fault) return fault;
        RedisSearch? search;
        int hit;
        lock (_state.Gate)
        {
            if (_state.IsDisposed || !_state.Sessions.ContainsKey(session.Id)) return CacheError.NotFound($"The session has ended: open one.");
            var tree = _state.Namespaces.GetOrAdd(new NamespaceKey(session.Instance.Tenant, salt, adapter, layout.Id), layout);
            search = Begin(tree, tokens, out hit);
            if (search is null) _state.Namespaces.RemoveIfUnused(tree);
        }

        if (search is null) return new PrefetchAnswer(hit, hit);
        _ = LetGoAsync(search);
        await search.Found.WaitAsync(_state.Redis!.Options.LookupBudget, _state.Time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_state.Gate)
        {
            // Small chunks may have come by now.
            hit = Reach(search.Tree, [], tokens);
            return new PrefetchAnswer(hit, search.IsPending ? Math.Max(search.EndTokens, hit) : hit);
        }
    }

    private int Reach(NamespaceTree tree, List<ChunkNode> path, TokenBuffer tokens) =>
        PrefixMatch.Reach(tree, path, tokens, new MatchRule(_state.MinPartialTokens, 1));

    private RedisSearch? Begin(NamespaceTree tree, TokenBuffer tokens, out int hit)
    {
        var path = new List<ChunkNode>();
        tree.Walk(path, tokens);
        hit = Reach(tree, path, tokens);
        if (hit >= tokens.Count || _state.Redis is not { Health.IsReadable: true } redis) return null;
        var search = new RedisSearch(tree, tokens.Count, null);

        // The tree is to be found still when Redis answers.
        tree.Reservations++;
        redis.Begin(search, tokens, path.Count, path.Count == 0 ? null : path[^1], hit);
        return search;
    }

    private async Task LetGoAsync(RedisSearch search)
    {
        await search.Found;
        lock (_state.Gate)
        {
            search.Tree.Reservations--;
            _state.Namespaces.RemoveIfUnused(search.Tree);
        }
    }
}
