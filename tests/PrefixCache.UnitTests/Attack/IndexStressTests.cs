using System.Runtime.InteropServices;
using PrefixCache.Core.Index;
using PrefixCache.Core.Pins;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Tokens;
using PrefixCache.Core.Transfers;
using PrefixCache.Format.Layouts;
using PrefixCache.UnitTests.Matching;

namespace PrefixCache.UnitTests.Attack;

/// <summary>Everything at once, in less memory than it wants: every byte of every hit is compared, and nothing is left.</summary>
public sealed class IndexStressTests
{
    private const int Threads = 4;
    private const int Rounds = 300;
    private const int ChunkTokens = 32;

    [Theory]
    [InlineData(AdmissionMode.Always, 1 << 20, 4, 1)]
    [InlineData(AdmissionMode.Always, 600, 1, 2)]
    [InlineData(AdmissionMode.OnReuse, 1 << 20, 4, 3)]
    [InlineData(AdmissionMode.OnReuse, 600, 4, 4)]
    [InlineData(AdmissionMode.Adaptive, 5000, 0, 5)]
    public async Task Node_SeveralThreads_ServesRightBytesAndEndsEmpty(AdmissionMode admission, long ghosts, int minimum, int seed)
    {
        using var node = new TestNode(pages: 60, high: 0.95, low: 0.85, layout: Layout(), change: options => options with
        {
            Admission = admission,
            MaxGhostTokens = ghosts,
            MinPartialTokens = minimum,
            Pins = new PinOptions { MaxShare = 0.2, MaxPins = 6, MaxTime = TimeSpan.FromHours(1) },
        });
        using var start = new Barrier(Threads);
        var cancel = TestContext.Current.CancellationToken;
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(() =>
        {
            start.SignalAndWait(cancel);
            new Caller(node, new Random((seed * 100) + thread), thread).Run();
        }, cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

        Assert.True(SpinWait.SpinUntil(() => node.Now.BranchPointsPending == 0, TimeSpan.FromSeconds(20)));
        Assert.True(node.Node.Counters is { TokensHit: > 0, ChunksEvicted: > 0, ChunksCommitted: > 0 });
        foreach (var reason in Enum.GetValues<MissReason>()) Assert.True(node.Node.Counters.MissedFor(reason) >= 0, $"{reason} ran backwards");
        var counters = node.Node.Counters;
        Assert.Equal(counters.TokensAsked - counters.TokensHit, Enum.GetValues<MissReason>().Sum(counters.MissedFor));
        node.Node.ClearTenant(node.Scheduler());
        Assert.True(SpinWait.SpinUntil(() => node.Now.Leases == 0, TimeSpan.FromSeconds(20)));
        node.AssertEmpty();
        Assert.Equal((0, 0L, 0L), (node.Now.Ghosts, node.Now.PinnedChunks, node.Now.PinnedBytes));
    }

    private static KvLayout Layout() => new()
    {
        Model = "stress",
        Revision = "r",
        Type = KvType.BFloat16,
        ChunkTokens = ChunkTokens,
        Groups = [new LayerGroup { Layers = [0], Heads = 2, HeadBytes = 32 }],
        Shards = [new LayoutShard { Layers = 1, Heads = 1, Ranks = [0] }, new LayoutShard { Layers = 1, FirstHead = 1, Heads = 1, Ranks = [1] }],
    };

    /// <summary>One engine. Requests overlap: some stay out while others come and go.</summary>
    private sealed class Caller(TestNode node, Random random, int thread)
    {
        private readonly List<(LookupAnswer Answer, Prompt Prompt)> _out = [];
        private readonly List<ulong> _pins = [];

        /// <summary>Transfers that end rounds after they began, whatever became of their reservations.</summary>
        private readonly Queue<Action> _late = [];
        private readonly Dictionary<ulong, string> _names = [];
        private Session _session = node.Scheduler($"engine {thread}");
        private int _request;

        public void Run()
        {
            for (var round = 0; round < Rounds; round++)
            {
                if (_out.Count > 3 || (_out.Count > 0 && random.Next(3) == 0)) Release(random.Next(_out.Count));
                var (answer, prompt) = _out.Count > 0 && random.Next(3) == 0 ? Again() : New();
                Verify(answer, prompt);
                Store(answer, prompt);
                if (random.Next(6) == 0) Pin(prompt);
                if (random.Next(40) == 0) node.Node.ClearTenant(_session);
                if (random.Next(60) == 0) Reopen();
                if (_late.Count > random.Next(6)) _late.Dequeue()();
            }

            while (_late.TryDequeue(out var end)) end();
            node.Node.Sessions.End(_session);
        }

        private (LookupAnswer Answer, Prompt Prompt) New()
        {
            var parent = _out.Count > 0 && random.Next(3) == 0 ? _out[random.Next(_out.Count)] : default;
            var prompt = parent.Prompt is { } known && known.Tokens.Length < 120
                ? known with { Tokens = [.. known.Tokens, .. Words(random.Next(1, 40))] }
                : Fresh();
            var query = Query($"{_request++}");
            if (prompt.Tokens.Length == 0 || parent.Prompt is null || prompt.Tokens.Length <= parent.Prompt.Tokens.Length
                || !prompt.Tokens.AsSpan().StartsWith(parent.Prompt.Tokens))
                return Add(Lookup(query, prompt.Tokens, prompt.Items), prompt);
            query = query with { Parent = parent.Answer.Reservation, ParentTokens = parent.Prompt.Tokens.Length };
            return Add(Lookup(query, prompt.Tokens[parent.Prompt.Tokens.Length..], []), prompt);
        }

        /// <summary>The same request: with another alignment, with fewer tokens, or with more behind it.</summary>
        private (LookupAnswer Answer, Prompt Prompt) Again()
        {
            var index = random.Next(_out.Count);
            var (answer, prompt) = _out[index];
            var tokens = prompt.Tokens;
            if (random.Next(2) == 0 && tokens.Length < 120)
            {
                var more = Words(random.Next(1, 20));
                TestNode.Value(node.Node.Appends.Append(_session, answer.Reservation, tokens.Length, MemoryMarshal.AsBytes<uint>(more)));
                prompt = prompt with { Tokens = [.. tokens, .. more] };
            }

            var asked = random.Next(3) == 0 ? random.Next(1, prompt.Tokens.Length + 1) : prompt.Tokens.Length;
            var name = _names[answer.Reservation];
            var again = Lookup(Query(name), prompt.Tokens[..asked], [.. prompt.Items.Where(item => item.Position < asked)]);
            Assert.Equal((answer.Reservation, prompt.Tokens.Length), (again.Reservation, again.TotalTokens));
            Assert.InRange(again.HitTokens, 0, asked);
            _out[index] = (again, prompt);
            return _out[index];
        }

        private (LookupAnswer Answer, Prompt Prompt) Add(LookupAnswer answer, Prompt prompt)
        {
            _out.Add((answer, prompt));
            _names[answer.Reservation] = $"{_request - 1}";
            return (answer, prompt);
        }

        private LookupQuery Query(string request) => new(_session, request, node.Layout, "", "", 0, random.Next(3) switch
        {
            0 => 0,
            1 => 16,
            _ => 7,
        })
        {
            StoreLimit = random.Next(5) == 0 ? random.Next(0, 100) : null,
        };

        private LookupAnswer Lookup(in LookupQuery query, uint[] tokens, MultimodalItem[] items) =>
            TestNode.Value(node.Node.Lookups.Lookup(query, Buffer(tokens, items)));

        private static TokenBuffer Buffer(uint[] tokens, MultimodalItem[] items)
        {
            var buffer = new TokenBuffer(tokens.Length, items);
            MemoryMarshal.AsBytes<uint>(tokens).CopyTo(buffer.Memory.Span);
            return buffer;
        }

        /// <summary>Prompts begin alike, and differ in few tokens, so that runs of every length are shared.</summary>
        private Prompt Fresh()
        {
            var tokens = TokenList.Count(random.Next(0, 70), first: (uint)random.Next(2) * 1000);
            MultimodalItem[] items = tokens.Length > 20 && random.Next(3) == 0
                ? [new MultimodalItem(random.Next(2) == 0 ? 5 : 20, [(byte)random.Next(2)])]
                : [];
            return new Prompt([.. tokens, .. Words(random.Next(1, 30))], items);
        }

        private uint[] Words(int count) => [.. Enumerable.Range(0, count).Select(_ => 5000 + (uint)random.Next(random.Next(8) == 0 ? 3 : 1))];

        private void Verify(in LookupAnswer answer, Prompt prompt)
        {
            Assert.InRange(answer.HitTokens, 0, prompt.Tokens.Length);
            for (var next = 0; next < 2; next++)
            {
                var shard = next;
                var transfer = TestNode.Value(node.TryRetrieve(_session, answer.Reservation, shard));
                Assert.Equal(answer.HitTokens, transfer.Chunks.Sum(chunk => chunk.Tokens));
                EndLate(() => Compare(transfer, prompt, shard));
            }
        }

        private void EndLate(Action end)
        {
            if (random.Next(3) == 0) _late.Enqueue(end);
            else end();
        }

        private static void Compare(RetrieveTransfer transfer, Prompt prompt, int shard)
        {
            foreach (var chunk in transfer.Chunks) Compare(chunk, prompt, shard);
            transfer.Dispose();
        }

        private static void Compare(in ChunkRead chunk, Prompt prompt, int shard)
        {
            var shape = chunk.Block.Shape;
            var expected = CausalKv.Of(shape, shard, prompt.Tokens, prompt.Items, chunk.Position * ChunkTokens, chunk.Tokens);
            for (var segment = 0; segment < shape.Segments; segment++)
            {
                var (from, length) = ChunkSlice.Whole(shape, chunk.Tokens).Run(segment);
                var at = ChunkSlice.Whole(shape, chunk.Block.Tokens).Run(segment).Item1;
                Assert.True(chunk.Block.Payload.Span.Slice(at, length).SequenceEqual(expected.AsSpan(from, length)), "wrong bytes");
            }
        }

        private void Store(in LookupAnswer answer, Prompt prompt)
        {
            for (var next = 0; next < 2; next++)
            {
                var shard = next;
                if (random.Next(10) == 0) continue;
                var offers = TestNode.Offers(answer).Where(_ => random.Next(15) > 0).ToArray();
                if (offers.Length == 0) continue;
                var transfer = TestNode.Value(node.Node.Stores.Open(_session, answer.Reservation, shard, offers));
                EndLate(() => Write(transfer, prompt, shard));
            }
        }

        private void Write(StoreTransfer transfer, Prompt prompt, int shard)
        {
            foreach (var write in transfer.Writes)
            {
                if (random.Next(12) == 0) break;
                CausalKv.Of(write.Block.Shape, shard, prompt.Tokens, prompt.Items, ((int)write.Handle - 1) * ChunkTokens, write.Block.Tokens)
                    .CopyTo(write.Block.Payload);
                transfer.Commit(write, random.Next(3) == 0 ? [] : KvBytes.Checksums(write.Block));
            }

            transfer.Dispose();
        }

        private void Pin(Prompt prompt)
        {
            if (_pins.Count > 1)
            {
                node.Node.Pins.Unpin(_session, _pins[0]);
                _pins.RemoveAt(0);
            }

            var answer = node.Node.Pins.Pin(new PinQuery(_session, node.Layout, "", "", null), Buffer(prompt.Tokens, prompt.Items));
            if (answer.Succeeded(out var pin, out _)) _pins.Add(pin.Id);
        }

        private void Release(int index)
        {
            node.Done(_session, _out[index].Answer);
            _out.RemoveAt(index);
        }

        private void Reopen()
        {
            node.Node.Sessions.End(_session);
            _session = node.Scheduler($"engine {thread}");
            _out.Clear();
        }
    }
}
