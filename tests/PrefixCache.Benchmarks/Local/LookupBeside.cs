using System.Diagnostics;
using PrefixCache.Benchmarks.Lookup;
using PrefixCache.Client;
using PrefixCache.Client.Memory;

namespace PrefixCache.Benchmarks.Local;

/// <summary>A scheduler that looks up 8,192 tokens again and again while others copy.</summary>
internal sealed class LookupBeside : IAsyncDisposable
{
    private const int Calls = 4000;

    private readonly PrefixCacheClient _client;
    private readonly int[] _tokens = LookupWorkload.Tokens(LookupWorkload.ShortPrompt);

    private PrefixReservation? _held;

    private LookupBeside(PrefixCacheClient client) => _client = client;

    public static async Task<LookupBeside> StartAsync(string address)
    {
        var client = await PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions { Address = address, Strict = true });
        await client.RegisterLayoutAsync(LookupWorkload.Layout);
        var beside = new LookupBeside(client);
        var shape = LookupWorkload.Layout.Shapes[0];
        await using var reservation = await client.LookupAsync(LookupWorkload.Layout, beside._tokens);
        await reservation.StoreAsync(
            new ContiguousKvMemory(new byte[shape.PayloadBytes(beside._tokens.Length)], shape, beside._tokens.Length));
        await reservation.ReleaseAsync();

        // Its leases keep the prompt, whatever the workers store.
        beside._held = await client.LookupAsync(LookupWorkload.Layout, beside._tokens);
        await beside.P99Async();
        return beside;
    }

    /// <summary>In microseconds, of calls at equal distances, as requests arrive.</summary>
    public async Task<double> P99Async()
    {
        var times = new List<double>(Calls);
        for (var i = 0; i < Calls; i++)
        {
            var started = Stopwatch.GetTimestamp();
            await using var reservation = await _client.LookupAsync(LookupWorkload.Layout, _tokens);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
            if (reservation.HitTokens != _tokens.Length)
                throw new InvalidDataException($"The lookup found {reservation.HitTokens} tokens.");
        }

        return LookupWorkload.Percentile(times, 0.99);
    }

    public async ValueTask DisposeAsync()
    {
        if (_held is not null) await _held.DisposeAsync();
        await _client.DisposeAsync();
    }
}
