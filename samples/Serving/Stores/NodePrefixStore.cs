using System.Diagnostics;
using PrefixCache.Client;
using PrefixCache.Format.Layouts;
using PrefixCache.Samples.Llama.Cache;
using PrefixCache.Samples.Serving.Prompts;

namespace PrefixCache.Samples.Serving.Stores;

/// <summary>Looks prompts up in a node, and stores there what it did not have.</summary>
/// <remarks>Used for one prompt at a time. A node that goes away makes every prompt a miss; the client says so through its
/// events.</remarks>
public sealed class NodePrefixStore : IPrefixStore, IAsyncDisposable
{
    private readonly PrefixCacheClient _client;
    private readonly KvLayout _layout;
    private PrefixReservation? _reservation;
    private RetrieveResult? _loaded;

    private NodePrefixStore(PrefixCacheClient client, KvLayout layout)
    {
        _client = client;
        _layout = layout;
    }

    /// <inheritdoc/>
    public string Plane => _loaded switch
    {
        null or { Tokens: 0 } => "",
        { Plane: TransferPlane.SharedMemory } => "shared memory",
        _ => "stream",
    };

    /// <inheritdoc/>
    public LoadAccount? Account { get; private set; }

    /// <summary>Connects and makes the layout known.</summary>
    /// <param name="address">As the client takes it: http://127.0.0.1:7420, unix:///run/prefixcache.sock.</param>
    /// <param name="token">Bearer token; empty = none.</param>
    /// <param name="changed">Hears what goes wrong later.</param>
    /// <exception cref="InvalidOperationException">No node answers there.</exception>
    public static async Task<NodePrefixStore> ConnectAsync(
        string address, string token, KvLayout layout, Action<ClientEvent>? changed = null, CancellationToken cancellation = default)
    {
        PrefixCacheClientOptions options = new() { Address = address, Token = token };
        PrefixCacheClient client = await PrefixCacheClient.ConnectAsync(options, changed, cancellation);
        try
        {
            if (!client.IsConnected) throw new InvalidOperationException(
                $"No node takes a session at {address}; is it running, and the token right?");
            await client.RegisterLayoutAsync(layout, cancellation);
            return new NodePrefixStore(client, layout);
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <remarks>What the node is told goes with a release, so it takes a reservation: of tokens that are neither kept nor looked for in
    /// Redis.</remarks>
    public async ValueTask MeasuredAsync(int firstToken, int tokens, TimeSpan time, CancellationToken cancellation = default)
    {
        LookupOptions options = new() { Salt = "measured", StoreLimitTokens = 0, LoadMode = LoadMode.Never };
        await using PrefixReservation reservation =
            await _client.LookupAsync(_layout, new int[firstToken + tokens], options, cancellation);
        UsageReport report = new() { ComputedFrom = firstToken, ComputedTokens = tokens, ComputeTime = time };
        await reservation.ReleaseAsync(report, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask<int> LoadAsync(
        PromptRequest request, KvCache cache, int limit, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        await EndAsync();
        long start = Stopwatch.GetTimestamp();
        _reservation = await _client.AcquireAsync(_layout, request.Tokens, Options(request), cancellation);
        TimeSpan lookup = Stopwatch.GetElapsedTime(start);
        int end = Math.Min(limit, _reservation.LoadTokens);
        _loaded = end == 0
            ? null
            : await _reservation.RetrieveAsync(new CacheMemory(cache), new TransferOptions { EndToken = end }, cancellation);
        Account = new LoadAccount([.. _reservation.Decisions.Select(Advice)], _loaded?.EndToken ?? 0,
            Math.Round(_loaded?.Elapsed.TotalMilliseconds ?? 0, 3))
        {
            LookupMs = Math.Round(lookup.TotalMilliseconds, 3),
        };
        return _loaded?.EndToken ?? 0;
    }

    /// <inheritdoc/>
    public async ValueTask StoreAsync(PromptRequest request, ReadOnlyMemory<int> decoded, KvCache cache, TimeSpan prefill,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (_reservation is not { } reservation) return;
        int computedFrom = _loaded?.EndToken ?? 0;
        UsageReport report = new()
        {
            Loaded = _loaded,
            ComputedFrom = computedFrom,
            ComputedTokens = request.Tokens.Length - computedFrom,
            ComputeTime = prefill,
        };
        // The reservation knows the prompt; decoded tokens have to be told before their KV can be stored.
        await reservation.AppendAsync(decoded, cancellation);
        if (reservation.HitTokens < reservation.TotalTokens)
            await reservation.StoreAsync(new CacheMemory(cache), new TransferOptions { FirstToken = reservation.HitTokens }, cancellation);
        _reservation = null;
        await reservation.ReleaseAsync(report, cancellation);
        await reservation.DisposeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        await _client.DisposeAsync();
    }

    /// <summary>What the node is told beside the tokens.</summary>
    private static LookupOptions Options(PromptRequest request) => new() { Salt = request.Salt ?? "" };

    private static TierAdvice Advice(LoadDecision decision) => new(
        decision.Tier.ToString().ToLowerInvariant(), decision.FirstToken, decision.EndToken,
        Math.Round(decision.LoadTime.TotalMilliseconds, 3),
        decision.ComputeTime is { } compute ? Math.Round(compute.TotalMilliseconds, 3) : null, decision.Load,
        decision.Reason.ToString().ToLowerInvariant());

    /// <summary>Releases a prompt whose computation failed between load and store.</summary>
    private async ValueTask EndAsync()
    {
        PrefixReservation? reservation = _reservation;
        _reservation = null;
        if (reservation is not null) await reservation.DisposeAsync();
    }
}
