using PrefixCache.Client;
using PrefixCache.Client.Wire;
using PrefixCache.Protocol.V1;

namespace PrefixCache.UnitTests.Loads;

/// <summary>What several retrieves brought by several planes, and how the node is told.</summary>
public sealed class LoadLedgerTests
{
    private static readonly TimeSpan Ms = TimeSpan.FromMilliseconds(1);

    private readonly LoadLedger _ledger = new();

    [Fact]
    public void Take_OfNothing_IsNull()
    {
        Assert.Equal(0, _ledger.Add(new RetrieveResult(16, 0, 0, Ms)));

        Assert.Null(_ledger.Take());
    }

    [Fact]
    public void Take_OfOneResult_IsThatOneAndOnce()
    {
        var result = new RetrieveResult(32, 16, 100, Ms, TransferPlane.SharedMemory);
        Assert.Equal(16, _ledger.Add(result));

        Assert.Same(result, _ledger.Take());
        Assert.Null(_ledger.Take());
    }

    [Fact]
    public void Add_SecondShardOfTheSameTokens_AddsBytesAndTimeAlone()
    {
        _ledger.Add(new RetrieveResult(32, 32, 100, Ms, TransferPlane.SharedMemory));

        Assert.Equal(0, _ledger.Add(new RetrieveResult(32, 32, 50, Ms, TransferPlane.SharedMemory)));

        var sum = _ledger.Take()!;
        Assert.Equal((32, 32, 150L, 2 * Ms), (sum.EndToken, sum.Tokens, sum.Bytes, sum.Elapsed));
        Assert.Equal([new PlaneLoad(TransferPlane.SharedMemory, 32, 150, 2 * Ms)], sum.Loads);
    }

    [Fact]
    public void Add_PartsByOtherPlanes_AreKeptApartTheLargestFirst()
    {
        _ledger.Add(RetrieveResult.Of(48, 48,
            [new PlaneLoad(TransferPlane.SharedMemory, 16, 100, Ms), new PlaneLoad(TransferPlane.Device, 32, 200, Ms)], 2 * Ms));
        Assert.Equal(16, _ledger.Add(new RetrieveResult(64, 16, 500, 3 * Ms)));

        var sum = _ledger.Take()!;

        Assert.Equal((64, 64, 800L, TransferPlane.Stream, 200L), (sum.EndToken, sum.Tokens, sum.Bytes, sum.Plane, sum.DeviceBytes));
        Assert.Equal([TransferPlane.Stream, TransferPlane.Device, TransferPlane.SharedMemory], sum.Loads.Select(load => load.Plane));
        Assert.Equal([16, 32, 16], sum.Loads.Select(load => load.Tokens));
    }

    [Fact]
    public void Request_OfSeveralPlanes_ReportsEachOnce()
    {
        var loaded = RetrieveResult.Of(48, 48,
            [new PlaneLoad(TransferPlane.SharedMemory, 16, 100, Ms), new PlaneLoad(TransferPlane.Device, 32, 200, 3 * Ms)], 4 * Ms);

        var request = ReleaseMessages.Request(null, 1, ReleaseRequest.Types.Scope.Done, new UsageReport { Loaded = loaded });

        Assert.Equal((Plane.Device, 32u, 200ul, 3_000_000ul), Of(request.Load));
        Assert.Equal((Plane.SharedMemory, 16u, 100ul, 1_000_000ul), Of(Assert.Single(request.OtherLoads)));
    }

    private static (Plane Plane, uint Tokens, ulong Bytes, ulong Time) Of(LoadReport load) =>
        (load.Plane, load.Tokens, load.Bytes, load.Nanoseconds);
}
