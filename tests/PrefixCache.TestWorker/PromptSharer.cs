using PrefixCache.Client;
using PrefixCache.Format.Layouts;

namespace PrefixCache.TestWorker;

/// <summary>
/// Sends random prompts of a few families through the cache, as an engine would, and verifies every byte that comes back.
/// </summary>
/// <remarks>
/// Used by one thread at a time; several share a client. Where the client has a device, half of the transfers go from and to its memory.
/// </remarks>
public sealed class PromptSharer(PrefixCacheClient client, KvLayout layout, int seed)
{
    private const int Families = 12;
    private const int MaxSharedTokens = 320;

    private readonly Random _random = new(seed);

    public ShareCounts Counts { get; private set; } = ShareCounts.None;

    /// <exception cref="InvalidDataException">A byte that was served is not what was stored.</exception>
    public async Task ShareOneAsync(CancellationToken cancellationToken)
    {
        var tokens = Prompt();
        var options = new LookupOptions { Salt = _random.Next(3) == 0 ? "other" : "", AlignTokens = _random.Next(3) == 0 ? 16 : 0 };
        await using var reservation = await client.LookupAsync(layout, tokens, options, cancellationToken);
        Counts = Counts with { Lookups = Counts.Lookups + 1, Hits = Counts.Hits + (reservation.HitTokens > 0 ? 1 : 0) };
        if (reservation.HitTokens > 0) await LoadAsync(reservation, tokens, cancellationToken);
        if (_random.Next(4) == 0) await reservation.ReleaseHitAsync(null, cancellationToken);
        if (_random.Next(5) == 0) tokens = await AppendAsync(reservation, tokens, cancellationToken);
        var summary = await StoreAsync(reservation, tokens, cancellationToken);
        Counts = Counts with { Chunks = Counts.Chunks + summary.Committed };
        if (_random.Next(200) == 0) await ClearAsync(options.Salt, cancellationToken);
        if (_random.Next(2) == 0) await reservation.ReleaseAsync(null, cancellationToken);
    }

    private int[] Prompt()
    {
        var family = TestKv.Tokens(MaxSharedTokens, 1000 + _random.Next(Families));
        var shared = family[.._random.Next(1, MaxSharedTokens + 1)];
        return _random.Next(2) == 0 ? shared : [.. shared, .. TestKv.Tokens(_random.Next(1, 64), _random.Next())];
    }

    private async Task LoadAsync(PrefixReservation reservation, int[] tokens, CancellationToken cancellationToken)
    {
        var memory = new byte[layout.Shapes[0].PayloadBytes(tokens.Length)];
        using var buffer = Buffer(tokens);
        var first = _random.Next(3) == 0 ? _random.Next(reservation.HitTokens) : 0;
        var transfer = new TransferOptions { FirstToken = first, LayerOrder = _random.Next(2) == 0 };
        var loaded = buffer is null
            ? await reservation.RetrieveAsync(TestKv.Memory(layout, memory, tokens.Length), transfer, cancellationToken)
            : await reservation.RetrieveAsync(buffer.Kv, transfer, cancellationToken);
        if (buffer is not null) memory = buffer.Read();
        if (loaded.EndToken != reservation.HitTokens)
            throw new InvalidDataException($"{loaded.EndToken} of {reservation.HitTokens} tokens came.");
        if (TestKv.FindDifference(layout, tokens, memory, first, loaded.Tokens) is { } segment)
            throw new InvalidDataException($"Segment {segment} of tokens {first} to {loaded.EndToken} is not what was stored.");
        Counts = Counts with
        {
            BytesVerified = Counts.BytesVerified + loaded.Bytes,
            DeviceBytes = Counts.DeviceBytes + loaded.DeviceBytes,
        };
    }

    private async Task<StoreSummary> StoreAsync(PrefixReservation reservation, int[] tokens, CancellationToken cancellationToken)
    {
        var kv = TestKv.Compute(layout, tokens);
        var options = new TransferOptions { FirstToken = reservation.HitTokens };
        using var buffer = Buffer(tokens);
        if (buffer is null) return await reservation.StoreAsync(TestKv.Memory(layout, kv, tokens.Length), options, cancellationToken);
        buffer.Write(kv);
        return await reservation.StoreAsync(buffer.Kv, options, cancellationToken);
    }

    private DeviceBuffer? Buffer(int[] tokens) => client.Options.Device is { } device && _random.Next(2) == 0
        ? new DeviceBuffer(device, layout, tokens.Length)
        : null;

    private async Task<int[]> AppendAsync(PrefixReservation reservation, int[] tokens, CancellationToken cancellationToken)
    {
        var decoded = TestKv.Tokens(_random.Next(1, 40), _random.Next());
        if (!await reservation.AppendAsync(decoded, cancellationToken))
            throw new InvalidDataException("The node did not take the appended tokens.");
        Counts = Counts with { Appends = Counts.Appends + 1 };
        return [.. tokens, .. decoded];
    }

    private async Task ClearAsync(string salt, CancellationToken cancellationToken)
    {
        await client.ClearNamespaceAsync(layout, salt, cancellationToken: cancellationToken);
        Counts = Counts with { Clears = Counts.Clears + 1 };
    }
}
