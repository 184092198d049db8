using PrefixCache.Core.Index;
using PrefixCache.Core.Results;
using PrefixCache.Core.Transfers;

namespace PrefixCache.UnitTests.Index;

public sealed class NamespaceTests : IDisposable
{
    private static readonly uint[] Tokens = TokenList.Count(40);

    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Namespaces_AnyPartDiffers_ShareNothing()
    {
        var session = _node.Scheduler();
        var foreign = _node.Scheduler("engine", "other");
        var layout = TestNode.Value(_node.Node.Layouts.Register(TestNode.OneShard("other model")));
        _node.Put(session, Tokens);

        Assert.Equal(0, _node.Hit(session, Tokens, salt: "s"));
        Assert.Equal(0, _node.Hit(session, Tokens, adapter: "s"));
        Assert.Equal(0, _node.Hit(session, Tokens, layout: layout));
        Assert.Equal(0, _node.Hit(foreign, Tokens));
        Assert.Equal(40, _node.Hit(session, Tokens));
        Assert.Equal(1, _node.Now.Namespaces);
    }

    [Fact]
    public void Namespaces_SameTokensStoredInEach_KeepTheirOwnBytes()
    {
        var session = _node.Scheduler();
        _node.Put(session, Tokens, salt: "a");
        _node.Put(session, Tokens, salt: "b");

        Assert.Equal(40, _node.Verify(session, _node.Lookup(session, "1", Tokens, salt: "a"), Tokens, space: "a"));
        Assert.Equal(40, _node.Verify(session, _node.Lookup(session, "2", Tokens, salt: "b"), Tokens, space: "b"));
        Assert.Equal((2, 6), (_node.Now.Namespaces, _node.Now.Blocks));
    }

    [Fact]
    public void Clear_Idle_FreesEverythingAtOnce()
    {
        var session = _node.Scheduler();
        _node.Put(session, Tokens);
        _node.Put(session, Tokens, salt: "kept");

        Assert.Equal(3, TestNode.Value(_node.Node.ClearNamespace(session, _node.Layout, "", "")));

        Assert.Equal((0, 40), (_node.Hit(session, Tokens), _node.Hit(session, Tokens, salt: "kept")));
        Assert.Equal((3, 1), (_node.Now.Blocks, _node.Now.Namespaces));
        Assert.Equal(0, TestNode.Value(_node.Node.ClearNamespace(session, _node.Layout, "", "")));
    }

    [Fact]
    public void Clear_Leased_IsUnfindableAtOnceAndFreedAtTheEnd()
    {
        var session = _node.Scheduler();
        _node.Put(session, Tokens);
        var answer = _node.Lookup(session, "a", Tokens);

        Assert.Equal(3, TestNode.Value(_node.Node.ClearNamespace(session, _node.Layout, "", "")));

        Assert.Equal((0, 3), (_node.Hit(session, Tokens), _node.Now.Blocks));
        Assert.Equal(40, _node.Verify(session, answer, Tokens));
        _node.Done(session, answer);
        _node.AssertEmpty();
    }

    [Fact]
    public void Clear_WhileWriting_DropsTheBytes()
    {
        var session = _node.Scheduler();
        var answer = _node.Lookup(session, "a", Tokens);
        using (var transfer = _node.OpenStore(session, answer))
        {
            Assert.Equal(StoreOutcome.Committed, TestNode.Commit(transfer, transfer.Writes[0], Tokens));
            Assert.Equal(1, TestNode.Value(_node.Node.ClearNamespace(session, _node.Layout, "", "")));
            Assert.Equal(StoreOutcome.Cleared, TestNode.Commit(transfer, transfer.Writes[1], Tokens));
        }

        _node.Done(session, answer);
        _node.AssertEmpty();
    }

    [Fact]
    public void Clear_RequestLooksUpAgain_MovesToTheNewTree()
    {
        var session = _node.Scheduler();
        _node.Put(session, Tokens);
        var answer = _node.Lookup(session, "a", Tokens);
        _node.Node.ClearNamespace(session, _node.Layout, "", "");
        using (var refused = _node.OpenStore(session, answer))
            Assert.All(refused.Decisions, decision => Assert.Equal(StoreAction.Refused, decision.Action));

        var again = _node.Lookup(session, "a", Tokens);

        Assert.Equal((answer.Reservation, 0, 0L, 0), (again.Reservation, again.HitTokens, _node.Now.Leases, _node.Now.Blocks));
        Assert.Equal(3, _node.Store(session, again, Tokens).Count);
        Assert.Equal(40, _node.Lookup(session, "a", Tokens).HitTokens);
        _node.Done(session, again);
        Assert.Equal(40, _node.Hit(session, Tokens));
    }

    [Fact]
    public void ClearTenant_ClearsAllOfItAndNoOther()
    {
        var session = _node.Scheduler();
        var other = _node.Scheduler("engine", "other");
        _node.Put(session, Tokens);
        _node.Put(session, Tokens, salt: "s");
        _node.Put(other, Tokens);

        Assert.Equal(6, _node.Node.ClearTenant(session));

        Assert.Equal((0, 0, 40), (_node.Hit(session, Tokens), _node.Hit(session, Tokens, salt: "s"), _node.Hit(other, Tokens)));
    }

    [Fact]
    public void Clear_NameTooLong_IsRefused() => TestNode.Fails(CacheStatus.InvalidArgument, "salt has 257 bytes",
        _node.Node.ClearNamespace(_node.Scheduler(), _node.Layout, new string('x', 257), ""));

    [Fact]
    public void Detach_Again_GivesTheNextTreeOtherKeys()
    {
        using var domains = TestNode.OneDomain();
        var table = new NamespaceTable(domains, TimeProvider.System);
        var key = new NamespaceKey("t", "", "", _node.Layout.Id);
        var roots = new HashSet<string>();
        for (var i = 0; i < 3; i++)
        {
            Assert.True(roots.Add(table.GetOrAdd(key, _node.Layout).Root.ToString()));
            Assert.NotNull(table.Detach(key));
        }

        Assert.True(roots.Add(table.GetOrAdd(key, _node.Layout).Root.ToString()));
        Assert.Single(table.DetachTenant("t"));
        Assert.True(roots.Add(table.GetOrAdd(key, _node.Layout).Root.ToString()));
    }

    [Fact]
    public void Detach_MoreNamesThanAreRemembered_StaysBoundedAndNeverRepeatsAKey()
    {
        using var domains = TestNode.OneDomain();
        var table = new NamespaceTable(domains, TimeProvider.System);
        var key = new NamespaceKey("t", "first", "", _node.Layout.Id);
        var before = table.GetOrAdd(key, _node.Layout).Root;
        table.Detach(key);
        for (var i = 0; i <= EpochTable.Max; i++)
            table.Detach(key with { Salt = i.ToString(System.Globalization.CultureInfo.InvariantCulture) });

        Assert.InRange(table.Epochs.Count, 1, EpochTable.Max);
        Assert.NotEqual(before, table.GetOrAdd(key, _node.Layout).Root);
        Assert.NotEqual(before, table.GetOrAdd(key with { Salt = "never cleared" }, _node.Layout).Root);
    }

    [Fact]
    public void Detach_ByAClockThatIsBehind_ClearsNevertheless()
    {
        using var domains = TestNode.OneDomain();
        var (ahead, behind) = (new ManualTime(), new ManualTime());
        ahead.Advance(TimeSpan.FromHours(1));
        var (one, two) = (new NamespaceTable(domains, ahead), new NamespaceTable(domains, behind));
        var key = new NamespaceKey("t", "", "", _node.Layout.Id);
        one.Detach(key);
        foreach (var (name, epoch) in one.Epochs.All()) two.Epochs.Learn(name, epoch);
        var before = two.GetOrAdd(key, _node.Layout).Root;

        two.DetachTenant("t");
        var after = two.GetOrAdd(key, _node.Layout).Root;
        two.Detach(key);

        Assert.NotEqual(before, after);
        Assert.NotEqual(after, two.GetOrAdd(key, _node.Layout).Root);
    }

    [Fact]
    public void Learn_OfALeastEpoch_KeepsThoseAboveIt()
    {
        var epochs = new EpochTable(TimeProvider.System);
        var key = new NamespaceKey("t", "", "", _node.Layout.Id);
        epochs.Learn(EpochTable.NameOf(key), 20);
        epochs.Learn(EpochTable.NameOf("t"), 5);
        epochs.Learn("*", 10);
        Assert.Equal((20UL, 10UL, 2), (epochs.Of(key), epochs.Of(key with { Salt = "x" }), epochs.Count));
    }

    [Fact]
    public void Learn_OfNonsense_LeavesTheEpochsInOrder()
    {
        var epochs = new EpochTable(TimeProvider.System);
        Assert.False(epochs.Learn("t:x", ulong.MaxValue));
        epochs.Raise("t:x");
        Assert.InRange(epochs.All().Single().Epoch, 1UL, 1UL << 53);
    }
}
