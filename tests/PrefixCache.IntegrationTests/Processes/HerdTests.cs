using PrefixCache.Core.Claims;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Processes;

/// <summary>Many processes ask for one cold prefix at the same time.</summary>
public sealed class HerdTests
{
    private const int Processes = 8;
    private const int Workers = 4;
    private const int NoteTokens = 100;

    [Fact]
    public async Task ColdPrefix_EightProcesses_IsComputedOnce()
    {
        await using var node = await RunningNode.StartAsync();
        await using var herd = await Herd.StartAsync([node.Address], Processes);

        var (counts, killed) = await herd.WorkAsync(Workers);

        Assert.Equal((0, Herd.Shared), (killed, counts.SharedComputed));
        Assert.Equal(Processes * Workers * NoteTokens, counts.OwnComputed);
        Assert.Equal(((Processes * Workers) - 1) * Herd.Shared, counts.Loaded);
        Assert.Equal((0, 0), (node.Node.Snapshot().Claims, node.Node.Snapshot().ClaimsWaiting));
        Assert.Equal(Processes * Workers, node.Node.Counters.ClaimsGranted);
        Assert.Equal(Processes * Workers, node.Node.Counters.ClaimsEndedBy(ClaimEnd.Completed));
    }

    [Fact]
    public async Task ColdPrefix_WhoComputesItIsKilledHalfWay_TheNextGoesOnWhereItStopped()
    {
        await using var node = await RunningNode.StartAsync();
        await using var herd = await Herd.StartAsync([node.Address], Processes);

        var (counts, killed) = await herd.WorkAsync(Workers, killHalfWay: true);

        // The one that was killed had computed all of it, and stored the first of its four chunks.
        Assert.Equal(1, killed);
        Assert.Equal(Herd.Shared - 256, counts.SharedComputed);
        Assert.InRange(Herd.Shared + counts.SharedComputed, Herd.Shared, 2 * Herd.Shared);
        Assert.Equal((Processes - 1) * Workers * NoteTokens, counts.OwnComputed);
        Assert.Equal(1, node.Node.Counters.ClaimsEndedBy(ClaimEnd.SessionLost));
    }
}
