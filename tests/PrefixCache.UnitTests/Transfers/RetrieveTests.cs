using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;

namespace PrefixCache.UnitTests.Transfers;

public sealed class RetrieveTests : IDisposable
{
    private static readonly uint[] Tokens = TokenList.Count(40);

    private readonly TestNode _node = new();
    private readonly Session _session;

    public RetrieveTests()
    {
        _session = _node.Scheduler();
        _node.Put(_session, Tokens);
    }

    public void Dispose() => _node.Dispose();

    [Theory]
    [InlineData(0, 0, "0:0+16 1:0+16 2:0+8")]
    [InlineData(5, 0, "0:5+11 1:0+16 2:0+8")]
    [InlineData(16, 33, "1:0+16 2:0+1")]
    [InlineData(20, 21, "1:4+1")]
    [InlineData(40, 0, "")]
    [InlineData(7, 7, "")]
    [InlineData(0, 50, "0:0+16 1:0+16 2:0+8")]
    public void Open_TokenRange_IsCutToChunks(int first, int end, string expected)
    {
        var answer = _node.Lookup(_session, "a", TokenList.Count(50));
        answer = answer.HitTokens == 32 ? _node.Lookup(_session, "b", Tokens) : answer;
        if (end > 40) TestNode.Value(_node.Node.Appends.Append(_session, answer.Reservation, 40,
            TokenList.Bytes(TokenList.Count(10, first: 40))));

        using var transfer = TestNode.Value(_node.TryRetrieve(_session, answer.Reservation, 0, [], first, end));

        Assert.Equal(expected, string.Join(' ', transfer.Chunks.Select(chunk => $"{chunk.Position}:{chunk.FirstToken}+{chunk.Tokens}")));
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(41, 0)]
    [InlineData(0, 41)]
    [InlineData(10, 9)]
    [InlineData(0, -1)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void Open_NoRange_IsRefused(int first, int end)
    {
        var answer = _node.Lookup(_session, "a", Tokens);

        TestNode.Fails(CacheStatus.InvalidArgument, "are no range", _node.TryRetrieve(_session, answer.Reservation, 0, [], first, end));
        Assert.Equal(3, _node.Now.Leases);
    }

    [Fact]
    public void Open_SomeHandles_AreSentOnceInRisingOrder()
    {
        var answer = _node.Lookup(_session, "a", Tokens);

        using var transfer = TestNode.Value(_node.TryRetrieve(_session, answer.Reservation, 0, [3, 1, 3]));

        Assert.Equal([0, 2], transfer.Chunks.Select(chunk => chunk.Position));
        Assert.Equal(5, _node.Now.Leases);
    }

    [Fact]
    public void Open_BadHandles_AreRefused()
    {
        var answer = _node.Lookup(_session, "a", TokenList.Count(60));

        TestNode.Fails(CacheStatus.InvalidArgument, "Handle 0 is none", _node.TryRetrieve(_session, answer.Reservation, 0, [0]));
        TestNode.Fails(CacheStatus.InvalidArgument, "Handle 5 is none", _node.TryRetrieve(_session, answer.Reservation, 0, [5]));
        TestNode.Fails(CacheStatus.InvalidArgument, "is none", _node.TryRetrieve(_session, answer.Reservation, 0, [ulong.MaxValue]));
        TestNode.Fails(CacheStatus.FailedPrecondition, "handle 4 is no hit", _node.TryRetrieve(_session, answer.Reservation, 0, [1, 4]));
        Assert.Equal(3, _node.Now.Leases);
    }

    [Fact]
    public void Open_UnknownForeignOrNotItsShard_IsRefused()
    {
        var answer = _node.Lookup(_session, "a", Tokens);

        TestNode.Fails(CacheStatus.NotFound, "Reservation 12345", _node.TryRetrieve(_session, 12_345));
        TestNode.Fails(CacheStatus.NotFound, "has ended", _node.TryRetrieve(_node.Scheduler("other"), answer.Reservation));
        TestNode.Fails(CacheStatus.InvalidArgument, "shard is 1", _node.TryRetrieve(_session, answer.Reservation, 1));
        TestNode.Fails(CacheStatus.InvalidArgument, "Rank 1 does not hold shard 0", _node.TryRetrieve(_node.Rank(1), answer.Reservation));
    }

    [Fact]
    public void Open_Miss_SendsNothing()
    {
        var answer = _node.Lookup(_session, "a", TokenList.Count(40, first: 7));

        using var transfer = TestNode.Value(_node.TryRetrieve(_session, answer.Reservation));

        Assert.Empty(transfer.Chunks);
    }

    [Fact]
    public void Dispose_Twice_GivesItsLeasesBackOnce()
    {
        var answer = _node.Lookup(_session, "a", Tokens);
        var transfer = TestNode.Value(_node.TryRetrieve(_session, answer.Reservation));

        transfer.Dispose();
        transfer.Dispose();

        Assert.Equal(3, _node.Now.Leases);
    }

    [Fact]
    public void Transfer_NamespaceClearedAndReservationEnded_KeepsItsBytes()
    {
        var answer = _node.Lookup(_session, "a", Tokens);
        using (var transfer = TestNode.Value(_node.TryRetrieve(_session, answer.Reservation)))
        {
            Assert.Equal(3, TestNode.Value(_node.Node.ClearNamespace(_session, _node.Layout, "", "")));
            _node.Done(_session, answer);
            _node.Put(_session, TokenList.Count(400, first: 1000));

            foreach (var chunk in transfer.Chunks)
            {
                var end = (chunk.Position * TestNode.ChunkTokens) + chunk.Block.Tokens;
                Assert.Equal(KvBytes.Of("", 0, Tokens.AsSpan(0, end), chunk.Block.Payload.Length), chunk.Block.Payload.ToArray());
            }
        }

        Assert.Equal((0L, 25), (_node.Now.Leases, _node.Now.Blocks));
    }
}
