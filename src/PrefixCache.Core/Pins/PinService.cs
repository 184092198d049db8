using System.Security.Cryptography;
using PrefixCache.Core.Index;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Pins;

/// <summary>Keeps prefixes in place: a pin is a lease on their chunks that ends with its time. Thread-safe.</summary>
public sealed class PinService : IDisposable
{
    private readonly NodeState _state;
    private readonly PinOptions _options;
    private readonly Dictionary<ulong, Pin> _pins = [];
    private readonly IdSource _ids = new();
    private readonly ITimer _timer;

    internal PinService(NodeState state, PinOptions options)
    {
        (_state, _options) = (state, options);
        var period = TimeSpan.FromSeconds(1);
        _timer = state.Time.CreateTimer(_ => EndExpired(), null, period, period);
    }

    /// <summary>Pins what is there of a prefix. The same tokens again renew the pin and take in what has come since.</summary>
    /// <param name="tokens">The service takes this reference over, also when it fails, and keeps none.</param>
    public Result<PinAnswer> Pin(in PinQuery query, TokenBuffer tokens)
    {
        using (tokens)
        {
            if (tokens.CheckItems() is { } fault) return fault;
            var digest = Digest(tokens);
            lock (_state.Gate) return Check(query) is { } error ? error : PinUnsynchronized(query, tokens, digest);
        }
    }

    /// <summary>Null when the pin was ended.</summary>
    public CacheError? Unpin(Session session, ulong id)
    {
        lock (_state.Gate)
        {
            if (!_pins.TryGetValue(id, out var pin) || pin.Tree.Key.Tenant != session.Instance.Tenant || _state.IsDisposed)
                return CacheError.NotFound($"Pin {id} is unknown or its time is over: pin the prefix again.");
            if (session.IsReadOnly) return ReadOnly();
            End(pin);
            return null;
        }
    }

    /// <summary>Ends the pins whose time is over; called by a timer.</summary>
    public int EndExpired()
    {
        lock (_state.Gate)
        {
            if (_pins.Count == 0 || _state.IsDisposed) return 0;
            var expired = _pins.Values.Where(pin => _state.Time.GetElapsedTime(pin.Since) >= pin.Time).ToList();
            foreach (var pin in expired) End(pin);
            return expired.Count;
        }
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>The namespace is cleared. Called under the node's lock.</summary>
    internal void EndOf(NamespaceTree tree)
    {
        foreach (var pin in _pins.Values.Where(pin => pin.Tree == tree).ToList()) End(pin);
    }

    private static CacheError ReadOnly() => CacheError.FailedPrecondition($"The session is read_only: open one that is not, or do not pin.");

    private CacheError? Check(in PinQuery query)
    {
        if (_state.IsDisposed || !_state.Sessions.ContainsKey(query.Session.Id)) return CacheError.NotFound($"The session has ended: open one.");
        if (query.Session.IsReadOnly) return ReadOnly();
        if (query.Time > _options.MaxTime || query.Time <= TimeSpan.Zero)
            return CacheError.InvalidArgument(
                $"ttl_ms is {query.Time!.Value.TotalMilliseconds:0}: 1 to {_options.MaxTime.TotalMilliseconds:0}, the option max-pin-time.");
        return NamespaceKey.CheckNames(query.Salt, query.Adapter);
    }

    /// <summary>Names the tokens and their items: comparing them with every pin's would take memory, and the node's lock for
    /// long.</summary>
    private static byte[] Digest(TokenBuffer tokens)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(tokens.Bytes);
        hash.AppendData(tokens.Text(0, tokens.Count).EncodeItems());
        return hash.GetHashAndReset();
    }

    private Result<PinAnswer> PinUnsynchronized(in PinQuery query, TokenBuffer tokens, byte[] digest)
    {
        var key = new NamespaceKey(query.Session.Instance.Tenant, query.Salt, query.Adapter, query.Layout.Id);
        var tree = _state.Namespaces.GetOrAdd(key, query.Layout);
        var pin = _pins.Values.FirstOrDefault(pin => pin.IsOf(tree, tokens.Count, digest));
        var path = Match(tree, tokens, out var pinned);
        if (CheckRoom(pin, tree, path) is { } fault)
        {
            _state.Namespaces.RemoveIfUnused(tree);
            return fault;
        }

        if (pin is null)
        {
            _pins.Add((pin = new Pin(NextId(), tree, tokens.Count, digest)).Id, pin);
            tree.Pins++;
        }

        var before = pin.Path;
        pin.Path = path;
        foreach (var node in path) Hold(node);
        foreach (var node in before) Let(node);
        (pin.Since, pin.Time) = (_state.Time.GetTimestamp(), query.Time ?? _options.MaxTime);
        return new PinAnswer(pin.Id, pinned, path.Sum(node => node.AllocatedBytes), pin.Time);
    }

    private CacheError? CheckRoom(Pin? pin, NamespaceTree tree, List<ChunkNode> path)
    {
        if (pin is null && _pins.Count >= _options.MaxPins)
            return CacheError.ResourceExhausted($"{_pins.Count} pins are out, the limit: unpin some, or let their time end.");
        var most = (long)(tree.Store.Tier.CapacityBytes * _options.MaxShare);
        var bytes = tree.PinnedBytes + path.Where(node => node.Pins == 0).Sum(node => node.AllocatedBytes);
        return bytes <= most
            ? null
            : CacheError.ResourceExhausted(
                $"{bytes} bytes would be pinned in this namespace, the limit is {most}: pin less, or raise max-pinned.");
    }

    private List<ChunkNode> Match(NamespaceTree tree, TokenBuffer tokens, out int pinned)
    {
        var path = new List<ChunkNode>();
        var nearest = tree.Walk(path, tokens);
        pinned = path.Count * tree.Layout.ChunkTokens;
        var tail = PrefixMatch.Tail(tree, path, tokens, nearest, new MatchRule(_state.MinPartialTokens), 0, out var served);
        if (tail is null) return path;
        path.Add(tail);
        pinned += served;
        return path;
    }

    private void End(Pin pin)
    {
        _pins.Remove(pin.Id);
        foreach (var node in pin.Path) Let(node);
        pin.Tree.Pins--;
        _state.Namespaces.RemoveIfUnused(pin.Tree);
    }

    private static void Hold(ChunkNode node)
    {
        if (node.Pins++ == 0)
        {
            node.Tree.PinnedBytes += node.AllocatedBytes;
            node.Tree.Store.Pinned(1, node.AllocatedBytes);
        }

        node.Tree.Store.Lease(node);
    }

    private static void Let(ChunkNode node)
    {
        if (--node.Pins == 0)
        {
            node.Tree.PinnedBytes -= node.AllocatedBytes;
            node.Tree.Store.Pinned(-1, -node.AllocatedBytes);
        }

        node.Tree.Store.Unlease(node);
    }

    private ulong NextId()
    {
        ulong id;
        do id = _ids.Next();
        while (id == 0 || _pins.ContainsKey(id));
        return id;
    }
}
