using PrefixCache.Core;
using PrefixCache.Core.Claims;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Tokens;
using PrefixCache.Core.Transfers;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Claims;

/// <summary>A node with chunks of 256 tokens, whose requests look up, claim, store and wait.</summary>
internal sealed class ClaimBench : IDisposable
{
    public const int ChunkTokens = 256;
    public const int Shared = 900;

    public ClaimBench(Func<CacheNodeOptions, CacheNodeOptions>? change = null, KvLayout? layout = null)
    {
        Test = new TestNode(256, layout: layout ?? KvLayout.Uniform("notes", "r", KvType.BFloat16, 1, 1, 4, ChunkTokens), change: change);
        Session = Test.Scheduler();
    }

    public TestNode Test { get; }

    public CacheNode Node => Test.Node;

    public Session Session { get; }

    public (int Active, int Waiting) Now => (Test.Now.Claims, Test.Now.ClaimsWaiting);

    /// <summary>900 shared tokens and a note like no other.</summary>
    public static uint[] Prompt(uint note, int tokens = 300) =>
        [.. TokenList.Count(Shared), .. Enumerable.Range(0, tokens).Select(i => 1_000_000 + (note * 1000) + (uint)i)];

    public LookupQuery Query(string request, int align = 0, int? storeLimit = null, Session? session = null) =>
        new(session ?? Session, request, Test.Layout, "", "", 0, align) { StoreLimit = storeLimit };

    public LookupAnswer Ask(string request, uint[] tokens, int align = 0, int? storeLimit = null, Session? session = null) =>
        TestNode.Value(Node.Lookups.Lookup(Query(request, align, storeLimit, session), TokenList.Buffer(tokens)));

    public Task<Result<LookupAnswer>> WaitAsync(
        string request, uint[] tokens, TimeSpan? wait = null, Session? session = null, CancellationTokenSource? hurry = null,
        CancellationTokenSource? call = null) =>
        Node.Waits.LookupAsync(
            Query(request, session: session), TokenList.Buffer(tokens), wait ?? TimeSpan.FromSeconds(30), hurry?.Token ?? default,
            call?.Token ?? TestContext.Current.CancellationToken).AsTask();

    public ClaimAnswer Claim(LookupAnswer answer, bool letGo = false, Session? session = null) =>
        TestNode.Value(TryClaim(answer, letGo, session));

    public Result<ClaimAnswer> TryClaim(LookupAnswer answer, bool letGo = false, Session? session = null)
    {
        var claimed = Node.Claims.ClaimAsync(session ?? Session, answer.Reservation, letGo).AsTask();
        Assert.True(claimed.IsCompleted, "A node that is alone asks nobody.");
        return claimed.Result;
    }

    /// <summary>Stores the chunks at some positions, one after the other.</summary>
    public void Store(LookupAnswer answer, int first, int count, int shard = 0, Session? session = null)
    {
        for (var position = first; position < first + count; position++)
        {
            var offer = new StoreOffer((ulong)position + 1, ChunkPosition.Tokens(position, answer.TotalTokens, ChunkTokens));
            using var transfer = TestNode.Value(Node.Stores.Open(session ?? Session, answer.Reservation, shard, [offer]));
            foreach (var write in transfer.Writes) transfer.Commit(write, KvBytes.Checksums(write.Block));
        }
    }

    public void Dispose() => Test.Dispose();
}
