using System.Globalization;
using PrefixCache.Client;
using PrefixCache.Format.Layouts;
using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestRedis.Servers;

namespace PrefixCache.IntegrationTests.Redis;

/// <summary>Two nodes write the same chunks at the same time, with different bytes.</summary>
public sealed class RacingNodesTests
{
    private const int Races = 10_000;
    private const int ChunksPerRound = 100;

    /// <summary>4 KiB a chunk of 16 tokens.</summary>
    private static readonly KvLayout Layout = KvLayout.Uniform(
        "race", "1", KvType.BFloat16, layers: 2, kvHeads: 1, headDimension: 32, chunkTokens: 16);

    private static readonly byte[] Writers = [1, 2];

    [Fact]
    public async Task Writers_OfTheSameChunks_EachWinWhole()
    {
        await using var redis = await RedisServer.StartAsync();

        // Five parts a chunk, which end within segments.
        await using var fleet = new RedisFleet(redis.Address, options => options with { PartBytes = 1000 });
        FleetNode[] writers = [await fleet.StartAsync(), await fleet.StartAsync()];
        var reader = await fleet.StartAsync();
        foreach (var node in (FleetNode[])[.. writers, reader]) await node.Client.RegisterLayoutAsync(Layout);
        for (var round = 0; round < Races / ChunksPerRound; round++)
        {
            var prompt = TestKv.Tokens(ChunksPerRound * Layout.ChunkTokens, round);
            await RaceAsync(writers, reader, prompt);
            Assert.Equal(prompt.Length, await reader.ReuseAsync(prompt, Layout, writers: Writers));
        }

        var written = writers.Sum(writer => writer.Counters.ChunksWritten);
        Assert.Equal((Races, Races), (written, writers.Sum(writer => writer.Counters.ChunksWrittenTwice)));
        Assert.All(writers, writer => Assert.InRange(writer.Counters.ChunksWritten, Races / 100, Races));
        Assert.Equal(0, reader.Counters.ChunksDamaged);

        // Who finds a chunk there writes nothing; who meets another one's at the end has written and deletes its parts.
        var met = await CallsAsync(redis, "unlink");
        TestContext.Current.SendDiagnosticMessage($"Both wrote {met} of {Races} chunks.");
        Assert.True(met >= Races / 20, $"Both wrote at the same time only {met} of {Races} chunks.");
        Assert.Equal(5 * Races, (await RedisFleet.PartsAsync(redis)).Count);
    }

    /// <summary>Both have looked up and found nothing before the first writes; meanwhile the third reads.</summary>
    private static async Task RaceAsync(FleetNode[] writers, FleetNode reader, int[] prompt)
    {
        var before = writers.Sum(Settled);
        PrefixReservation[] reservations =
        [
            await writers[0].Client.LookupAsync(Layout, prompt), await writers[1].Client.LookupAsync(Layout, prompt),
        ];
        var stores = reservations.Select((reservation, i) => Task.Run(async () =>
        {
            Assert.Equal(0, reservation.HitTokens);
            var memory = TestKv.Memory(Layout, FleetKv.Compute(Layout, prompt, Writers[i]), prompt.Length);
            Assert.Equal(ChunksPerRound, (await reservation.StoreAsync(memory)).Committed);
            await reservation.DisposeAsync();
        })).ToArray();
        await reader.ReuseAsync(prompt, Layout, writers: Writers);
        await Task.WhenAll(stores);
        await Until.TrueAsync(
            () => writers.Sum(Settled) >= before + (2 * ChunksPerRound), () => "Not all chunks were written.");
    }

    private static long Settled(FleetNode node) => node.Counters.ChunksWritten + node.Counters.ChunksWrittenTwice;

    private static async Task<long> CallsAsync(RedisServer redis, string command)
    {
        var line = await redis.InfoAsync($"cmdstat_{command}");
        return line.Length == 0 ? 0 : long.Parse(line["calls=".Length..line.IndexOf(',')], CultureInfo.InvariantCulture);
    }
}
