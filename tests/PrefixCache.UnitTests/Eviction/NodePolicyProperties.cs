using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Core.Eviction;
using PrefixCache.Core.Transfers;

namespace PrefixCache.UnitTests.Eviction;

/// <summary>What no policy may do.</summary>
public class NodePolicyProperties
{
    public static TheoryData<string> Policies => [.. EvictionPolicies.Names];

    /// <summary>
    /// Whatever is stored, leased, written and evicted: what is leased is found, every chunk that is there hangs on one that is, a store
    /// finds room while anything can go, and what is left at the end can all be evicted.
    /// </summary>
    [Theory]
    [MemberData(nameof(Policies))]
    public void Evict_AnyOrderOfUses_IsLeafFirstAndSparesWhatIsNeeded(string policy)
    {
        var prompt = from family in Gen.Choose(0, 5) from chunks in Gen.Choose(1, 6) from own in Gen.Choose(0, 20) select (family, chunks, own);
        var steps = from count in Gen.Choose(20, 120) from prompts in prompt.ArrayOf(count) from held in Gen.Choose(0, 3) select (prompts, held);
        Prop.ForAll(steps.ToArbitrary(), run =>
        {
            using var node = new TestNode(pages: 16, change: options => options with { Eviction = policy, MaxGhostTokens = 4000 });
            var session = node.Scheduler();
            var held = new Queue<(Core.Reservations.LookupAnswer Answer, uint[] Tokens)>();
            for (var i = 0; i < run.prompts.Length; i++)
            {
                var tokens = Tokens(run.prompts[i]);
                node.Put(session, tokens);
                var answer = node.Lookup(session, $"held {i}", tokens);
                Assert.Equal(tokens.Length, answer.HitTokens);
                held.Enqueue((answer, tokens));
                if (held.Count <= run.held) continue;
                var (oldest, theirs) = held.Dequeue();
                Assert.Equal(oldest.HitTokens, node.Verify(session, oldest, theirs));
                node.Done(session, oldest);
            }

            while (held.TryDequeue(out var left)) node.Done(session, left.Answer);

            // A prompt as large as the arena pushes out all that was left.
            node.Put(session, TokenList.Count(16 * TestNode.ChunkTokens, first: 900_000));
            Assert.Equal((16, 16L), (node.Now.Blocks, node.Now.Chunks));
            Assert.Equal(0, node.Node.Counters.RefusedFor(RefusalReason.NoMemory));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));

        // At most three prompts of six chunks are held, one of six is stored: 24 chunks would not fit, so families are short where many are
        // held.
        static uint[] Tokens((int Family, int Chunks, int Own) prompt)
        {
            var chunks = Math.Min(prompt.Chunks, 4);
            var shared = TokenList.Count(Math.Min(chunks, 2) * TestNode.ChunkTokens, first: (uint)prompt.Family * 1000);
            return chunks <= 2 ? shared
                : [.. shared, .. TokenList.Count((chunks - 2) * TestNode.ChunkTokens, first: 100_000 + (uint)((prompt.Family * 1000) + (prompt.Own * 40)))];
        }
    }
}
