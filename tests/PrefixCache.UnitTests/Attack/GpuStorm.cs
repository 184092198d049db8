using PrefixCache.Core;
using PrefixCache.Core.Reservations;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Sharing;
using PrefixCache.Format.Layouts;
using PrefixCache.TestDevices.HostMemory;
using PrefixCache.UnitTests.Gpu;
using PrefixCache.UnitTests.Matching;

namespace PrefixCache.UnitTests.Attack;

/// <summary>An engine of two ranks, each with a device, that asks, stores, lets go and clears at random, and checks every byte.</summary>
internal sealed class GpuStorm
{
    private readonly CacheNode _node;
    private readonly KvLayout _layout;
    private readonly HostMemoryDriver _driver;
    private readonly Random _random;
    private readonly Session[] _ranks;
    private int _request;

    public GpuStorm(CacheNode node, KvLayout layout, HostMemoryDriver driver, int number, int seed)
    {
        (_node, _layout, _driver, _random) = (node, layout, driver, new Random(seed));
        Scheduler = TestNode.Value(node.Sessions.Open(new SessionRequest("default", $"engine{number}", SessionRole.Scheduler)));
        _ranks = [.. Enumerable.Range(0, 2).Select(rank => OpenRank(number, rank))];
    }

    public Session Scheduler { get; }

    public async Task RunAsync(TimeSpan time)
    {
        for (var end = DateTime.UtcNow + time; DateTime.UtcNow < end;) await StepAsync();
    }

    private Session OpenRank(int number, int rank)
    {
        var session = TestNode.Value(_node.Sessions.Open(new SessionRequest("default", $"engine{number}", SessionRole.Rank, rank)));
        var process = new WorkerProcess(1000 + (number * 10) + rank);
        TestNode.Value(_node.Sharing.Attach(session, process));
        TestNode.Value(_node.Sharing.AttachGpu(session, process, rank + 1));
        return session;
    }

    private async Task StepAsync()
    {
        var tokens = Prompt(_random.Next(8), _random.Next(1, 70));
        var query = new LookupQuery(Scheduler, $"{_request++}", _layout, "", "", 0, 0);
        var answer = await AskAsync(query, tokens);
        switch (_random.Next(12))
        {
            case < 6:
                for (var shard = 0; shard < 2; shard++) Store(shard, answer, tokens);
                break;
            case 6:
                // Lets the hit go and asks once more.
                foreach (var rank in _ranks)
                    TestNode.Value(_node.Lookups.Release(rank, answer.Reservation, ReleaseScope.Loaded, null, null));
                await AskAsync(query, tokens);
                break;
            case 7:
                TestNode.Value(_node.Appends.Append(Scheduler, answer.Reservation, tokens.Length, new byte[8]));
                break;
            case 8 when _random.Next(25) == 0:
                _node.ClearTenant(Scheduler);
                Verify(answer, tokens);
                break;
        }

        Assert.True(TestNode.Value(_node.Lookups.Release(Scheduler, answer.Reservation, ReleaseScope.Done, null, null)).Ended);
    }

    private async Task<LookupAnswer> AskAsync(LookupQuery query, uint[] tokens)
    {
        var wait = TimeSpan.FromMilliseconds(_random.Next(4) == 0 ? _random.Next(1, 30) : 0);
        var answer = TestNode.Value(await _node.Waits.LookupAsync(query, TokenList.Buffer(tokens), wait, default, default));
        Verify(answer, tokens);
        return answer;
    }

    private void Store(int shard, LookupAnswer answer, uint[] tokens)
    {
        var opened = _node.Stores.Open(_ranks[shard], answer.Reservation, shard, TestNode.Offers(answer));
        if (!opened.Succeeded(out var transfer, out _)) return;
        using (transfer)
        {
            foreach (var write in transfer.Writes)
            {
                var first = ((int)write.Handle - 1) * TestNode.ChunkTokens;
                CausalKv.Of(write.Block.Shape, shard, tokens, [], first, write.Block.Tokens).CopyTo(write.Block.Payload);
                if (_random.Next(20) > 0) transfer.Commit(write, KvBytes.Checksums(write.Block));
            }
        }
    }

    private void Verify(LookupAnswer answer, uint[] tokens)
    {
        for (var shard = 0; shard < 2; shard++)
        {
            var located = TestNode.Value(_node.Sharing.Locate(_ranks[shard], answer.Reservation, shard));
            for (var position = 0; position < located.Blocks.Count; position++)
            {
                var block = located.Blocks[position];
                Check(block.Payload.Span, shard, position, block.Shape);
            }

            var arena = _ranks[shard].Gpu!;
            foreach (var block in located.Gpu?.Blocks ?? [])
            {
                var shape = located.Blocks[block.Position].Shape;
                var read = _driver.Gpus[shard].Read(arena.Memory.Address + (ulong)block.Offset, shape.PayloadBytes(block.Tokens));
                if (arena.Control.Generation(block.Entry) == block.Generation) Check(read, shard, block.Position, shape);
                else Assert.False(arena.IsOn);
            }
        }

        void Check(ReadOnlySpan<byte> block, int shard, int position, ShardShape shape)
        {
            var first = position * TestNode.ChunkTokens;
            GpuNode.Check(block, shape, tokens, first, Math.Min(answer.HitTokens, first + TestNode.ChunkTokens), shard);
        }
    }

    /// <summary>Prompts share beginnings with others.</summary>
    private static uint[] Prompt(int number, int tokens) =>
        [.. Enumerable.Range(0, tokens).Select(i => ((uint)(i < 16 ? number % 2 : i < 40 ? number % 4 : number) * 1000) + (uint)i)];
}
