using PrefixCache.Client;
using PrefixCache.Core.Tiers.Redis;
using PrefixCache.IntegrationTests.Fixtures;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>A node of a <see cref="RedisFleet"/>. What it serves is compared with what was computed, every byte.</summary>
internal sealed class FleetNode(RunningNode node, PrefixCacheClient client, RedisFleet fleet)
{
    private static readonly TimeSpan LoadTime = TimeSpan.FromSeconds(10);

    public RunningNode Node => node;

    public PrefixCacheClient Client => client;

    public RedisStatus Redis => node.Node.Redis!;

    public RedisCounters Counters => Redis.Counters;

    /// <summary>Chunks that were to be written and have been, or are not any more.</summary>
    private long Settled => Counters.ChunksWritten + Counters.ChunksWrittenTwice
        + Enum.GetValues<RedisDrop>().Sum(Counters.DroppedWrites);

    public Task WaitUntilAsync(RedisState state) => Until.TrueAsync(
        () => Redis.State == state, () => $"Redis is {Redis.State} ({Redis.Cause}), {state} was expected.");

    /// <summary>A client of the same node for another tenant.</summary>
    public async Task<FleetNode> AsAsync(string token) => new(node, await fleet.ConnectAsync(node, token), fleet);

    /// <summary>Computes and stores what the node lacks, and waits until all of it was written to Redis, or was given up.</summary>
    /// <param name="writer">See <see cref="FleetKv"/>.</param>
    /// <param name="isWritten">False = what is stored is not to be written to Redis.</param>
    public async Task StoreAsync(int[] prompt, byte writer = 0, KvLayout? layout = null, string salt = "", bool isWritten = true)
    {
        layout ??= RedisFleet.Layout;
        var before = Settled;
        StoreSummary stored;
        await using (var reservation = await client.LookupAsync(layout, prompt, new LookupOptions { Salt = salt }))
        {
            Assert.True(reservation.IsLive);
            stored = await reservation.StoreAsync(
                TestKv.Memory(layout, FleetKv.Compute(layout, prompt, writer), prompt.Length));
        }

        if (!isWritten) return;
        await Until.TrueAsync(
            () => Settled >= before + stored.Committed,
            () => $"{Settled - before} of {stored.Committed} chunks were written or given up: {Redis.State} {Redis.Cause}");
    }

    /// <summary>Looks a prompt up, waits for what is loaded, and loads the hit.</summary>
    /// <returns>Its tokens: the bytes of each of its chunks are those of one of the writers.</returns>
    /// <param name="writers">None = writer 0.</param>
    public async Task<int> ReuseAsync(
        int[] prompt, KvLayout? layout = null, string salt = "", TimeSpan? wait = null, IReadOnlyList<byte>? writers = null)
    {
        layout ??= RedisFleet.Layout;
        await using var reservation = await client.LookupAsync(
            layout, prompt, new LookupOptions { Salt = salt, Wait = wait ?? LoadTime });
        Assert.True(reservation.IsLive);
        var hit = reservation.HitTokens;
        if (hit == 0) return 0;
        var memory = new byte[layout.Shapes[0].PayloadBytes(hit)];
        var loaded = await reservation.RetrieveAsync(TestKv.Memory(layout, memory, hit), new TransferOptions { EndToken = hit });
        Assert.Equal(hit, loaded.Tokens);
        foreach (var writer in FleetKv.WritersOf(layout, prompt.AsSpan(0, hit), memory)) Assert.Contains(writer, writers ?? [(byte)0]);
        return hit;
    }
}
