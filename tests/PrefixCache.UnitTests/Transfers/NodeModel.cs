using PrefixCache.Core.Reservations;
using PrefixCache.Core.Results;
using PrefixCache.Core.Sessions;
using PrefixCache.Core.Transfers;

namespace PrefixCache.UnitTests.Transfers;

/// <summary>A naive model beside a real node: what was committed where, and what is out. Every step is checked against it.</summary>
/// <remarks>
/// The model does not predict evictions: what the node reports as a hit must be committed, and what is leased must be found; what is
/// neither may be there or not. Everything that is counted must agree exactly.
/// </remarks>
internal sealed class NodeModel : IDisposable
{
    public const int Pages = 6;
    private const int ChunkTokens = TestNode.ChunkTokens;
    private static readonly string[] Spaces = ["", "other"];

    /// <summary>Few sequences with common prefixes, of runs of equal tokens, so that mistaken positions show.</summary>
    private static readonly uint[][] Sequences =
        [.. from word in new[] { "A", "AA", "AAA", "AAB", "AB", "B", "BA" } from tail in new[] { 0, 5, 9 } select Expand(word, tail)];

    private readonly TestNode _node = new(Pages);
    private readonly Session[] _sessions;
    private readonly HashSet<string>[] _committed = [[], []];
    private readonly int[] _clears = [0, 0];
    private readonly Dictionary<(int Session, int Request), Held> _held = [];
    private readonly List<Writing> _writing = [];
    private readonly List<Reading> _reading = [];

    public NodeModel() => _sessions = [_node.Scheduler("0"), _node.Scheduler("1")];

    public void Apply(Step step)
    {
        switch (step.Kind)
        {
            case StepKind.Lookup: Lookup((step.A % 2, step.B % 3), step.C % 2, Sequences[step.D % Sequences.Length]); break;
            case StepKind.OpenStore: OpenStore(step.A); break;
            case StepKind.Commit: Commit(step.A); break;
            case StepKind.EndStore: EndStore(step.A); break;
            case StepKind.OpenRetrieve: OpenRetrieve(step.A); break;
            case StepKind.EndRetrieve: EndRetrieve(step.A); break;
            case StepKind.Loaded: Release(step.A, ReleaseScope.Loaded); break;
            case StepKind.Done: Release(step.A, ReleaseScope.Done); break;
            case StepKind.Clear: Clear(step.A % 2); break;
            case StepKind.EndSession: EndSession(step.A % 2); break;
            case StepKind.Age: Age(); break;
            default: throw new ArgumentOutOfRangeException(nameof(step));
        }

        Check();
    }

    /// <summary>Ends what is out, then clears: the node is as new.</summary>
    public void Finish()
    {
        while (_reading.Count > 0) EndRetrieve(0);
        while (_writing.Count > 0) EndStore(0);
        while (_held.Count > 0) Release(0, ReleaseScope.Done);
        Check();
        _node.AssertIdle();
        Assert.InRange(_node.Now.Namespaces, 0, Spaces.Length);
        _node.Node.ClearTenant(_sessions[0]);
        _node.AssertEmpty();
        AssertOneExtent();
    }

    public void Dispose() => _node.Dispose();

    private static uint[] Expand(string word, int tail)
    {
        var tokens = word.SelectMany(letter => Enumerable.Repeat((uint)letter, ChunkTokens)).ToList();
        tokens.AddRange(Enumerable.Repeat((uint)word[0], tail));
        return [.. tokens];
    }

    /// <summary>A chunk that begins with the last of these tokens, behind the others, was stored.</summary>
    private void AssertCommitted(int space, ReadOnlySpan<uint> tokens)
    {
        var (name, chunk) = (Name(tokens), ChunkCount(tokens.Length));
        Assert.Contains(_committed[space], stored =>
            stored.StartsWith(name, StringComparison.Ordinal) && ChunkCount(stored.Length / (2 * sizeof(uint))) == chunk);
    }

    private static string Name(ReadOnlySpan<uint> tokens) => Convert.ToHexString(TokenList.Bytes(tokens));

    private static int ChunkCount(int tokens) => (tokens + ChunkTokens - 1) / ChunkTokens;

    private void Lookup((int Session, int Request) key, int space, uint[] tokens)
    {
        var result = TryLookup(key, space, tokens);
        if (_held.TryGetValue(key, out var held))
        {
            var common = Math.Min(held.Tokens.Length, tokens.Length);
            if (held.Space != space || !held.Tokens.AsSpan(0, common).SequenceEqual(tokens.AsSpan(0, common)))
            {
                TestNode.Fails(CacheStatus.AlreadyExists, "in use", result);
                return;
            }

            if (held.Tokens.Length > tokens.Length)
            {
                // A shorter repeated lookup is told no more than it asked for, though the reservation has the whole hit.
                var asked = tokens.Length;
                var cut = TestNode.Value(result).HitTokens;
                result = TryLookup(key, space, tokens = held.Tokens);
                Assert.Equal(Math.Min(asked, TestNode.Value(result).HitTokens), cut);
            }
        }

        var answer = TestNode.Value(result);
        if (held is not null) Assert.Equal(held.Answer.Reservation, answer.Reservation);
        Assert.Equal(tokens.Length, answer.TotalTokens);
        Assert.InRange(answer.HitTokens, 0, tokens.Length);
        for (var start = 0; start < answer.HitTokens; start += ChunkTokens)
            AssertCommitted(space, tokens.AsSpan(0, Math.Min(start + ChunkTokens, answer.HitTokens)));
        AssertFindsWhatIsLeased(space, tokens, answer.HitTokens);
        _held[key] = new Held(answer, tokens, space, _clears[space]) { Leases = ChunkCount(answer.HitTokens) };
    }

    private Result<LookupAnswer> TryLookup((int Session, int Request) key, int space, uint[] tokens) =>
        _node.TryLookup(_sessions[key.Session], key.Request.ToString(System.Globalization.CultureInfo.InvariantCulture), tokens,
            salt: Spaces[space]);

    /// <summary>Leased chunks cannot have gone: any reservation with these tokens sets a least hit.</summary>
    private void AssertFindsWhatIsLeased(int space, uint[] tokens, int hit)
    {
        foreach (var other in _held.Values.Where(other => other.Space == space && other.Clears == _clears[space]))
        {
            var whole = other.Answer.HitTokens / ChunkTokens * ChunkTokens;
            if (hit < whole && whole <= tokens.Length && tokens.AsSpan(0, whole).SequenceEqual(other.Tokens.AsSpan(0, whole)))
                Assert.Fail($"{whole} tokens are leased, but the hit is {hit}");
        }
    }

    private void OpenStore(int pick)
    {
        if (!TryPick(pick, out var key, out var held)) return;
        var transfer = _node.OpenStore(_sessions[key.Session], held.Answer with { TotalTokens = held.Tokens.Length });
        foreach (var decision in transfer.Decisions.Where(decision => decision.Action == StoreAction.Present))
            AssertCommitted(held.Space, held.Tokens.AsSpan(0, Math.Min((int)decision.Handle * ChunkTokens, held.Tokens.Length)));
        if (held.Clears != _clears[held.Space]) Assert.All(transfer.Decisions,
            decision => Assert.Equal(RefusalReason.ParentMissing, decision.Reason));
        Assert.Equal(transfer.Writes.Count, transfer.Decisions.Count(decision => decision.Action == StoreAction.Wanted));
        _writing.Add(new Writing(transfer, held.Tokens, held.Space, _clears[held.Space]));
    }

    private void Commit(int pick)
    {
        if (_writing.Count == 0) return;
        var writing = _writing[pick % _writing.Count];
        if (writing.Next == writing.Transfer.Writes.Count) return;
        var write = writing.Transfer.Writes[writing.Next++];
        var name = Name(writing.Tokens.AsSpan(0, (((int)write.Handle - 1) * ChunkTokens) + write.Block.Tokens));
        var outcome = TestNode.Commit(writing.Transfer, write, writing.Tokens, space: Spaces[writing.Space]);
        Assert.Equal(writing.Clears != _clears[writing.Space], outcome == StoreOutcome.Cleared);
        if (outcome == StoreOutcome.Duplicate) Assert.Contains(name, _committed[writing.Space]);
        if (outcome == StoreOutcome.Committed) _committed[writing.Space].Add(name);
    }

    private void EndStore(int pick)
    {
        if (_writing.Count == 0) return;
        _writing[pick % _writing.Count].Transfer.Dispose();
        _writing.RemoveAt(pick % _writing.Count);
    }

    private void OpenRetrieve(int pick)
    {
        if (!TryPick(pick, out var key, out var held)) return;
        var transfer = TestNode.Value(_node.TryRetrieve(_sessions[key.Session], held.Answer.Reservation));
        Assert.Equal(held.Answer.HitTokens, transfer.Chunks.Sum(chunk => chunk.Tokens));
        _reading.Add(new Reading(transfer, held.Tokens, held.Space));
    }

    private void EndRetrieve(int pick)
    {
        if (_reading.Count == 0) return;
        var reading = _reading[pick % _reading.Count];
        foreach (var chunk in reading.Transfer.Chunks)
        {
            var end = (chunk.Position * ChunkTokens) + chunk.Block.Tokens;
            Assert.Equal(KvBytes.Of(Spaces[reading.Space], 0, reading.Tokens.AsSpan(0, end), chunk.Block.Payload.Length),
                chunk.Block.Payload.ToArray());
        }

        reading.Transfer.Dispose();
        _reading.RemoveAt(pick % _reading.Count);
    }

    private void Release(int pick, ReleaseScope scope)
    {
        if (!TryPick(pick, out var key, out var held)) return;
        Assert.Equal(scope == ReleaseScope.Done, _node.Release(_sessions[key.Session], held.Answer, scope).Ended);
        if (scope == ReleaseScope.Done) _held.Remove(key);
        else _held[key] = held with { Answer = held.Answer with { HitTokens = 0 }, Leases = 0 };
    }

    private void Clear(int space)
    {
        TestNode.Value(_node.Node.ClearNamespace(_sessions[0], _node.Layout, Spaces[space], ""));
        _clears[space]++;
        _committed[space].Clear();
    }

    private void EndSession(int session)
    {
        _node.Node.Sessions.End(_sessions[session]);
        foreach (var key in _held.Keys.Where(key => key.Session == session).ToList()) _held.Remove(key);
        _sessions[session] = _node.Scheduler(session.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private void Age()
    {
        _node.Time.Advance(TimeSpan.FromHours(2));
        _held.Clear();
    }

    private void Check()
    {
        var now = _node.Now;
        Assert.Equal((_held.Count, _held.Values.Sum(held => (long)held.Tokens.Length)), (now.Reservations, now.ReservedTokens));
        Assert.Equal(_writing.Sum(writing => writing.Transfer.Writes.Count - writing.Next), now.WritingBlocks);
        Assert.Equal(_held.Values.Sum(held => held.Leases) + _reading.Sum(reading => reading.Transfer.Chunks.Count), now.Leases);
        Assert.Equal(now.Chunks + now.WritingBlocks, now.Blocks);
        Assert.True(now.UsedBytes <= now.AllocatedBytes && now.AllocatedBytes <= Pages * TestNode.PageBytes);
    }

    /// <summary>A chunk as large as the arena finds room.</summary>
    private void AssertOneExtent()
    {
        var layout = TestNode.Value(_node.Node.Layouts.Register(Format.Layouts.KvLayout.Uniform("whole", "r",
            Format.Layouts.KvType.BFloat16, 1, Pages, 64, ChunkTokens)));
        using var transfer = _node.OpenStore(_sessions[0], _node.Lookup(_sessions[0], "whole", Sequences[0], layout: layout));
        Assert.Equal(Pages * TestNode.PageBytes, Assert.Single(transfer.Writes).Block.Payload.Length);
    }

    private bool TryPick(int pick, out (int Session, int Request) key, out Held held)
    {
        (key, held) = (default, null!);
        if (_held.Count == 0) return false;
        key = _held.Keys.Order().ElementAt(pick % _held.Count);
        held = _held[key];
        return true;
    }

    private sealed record Held(LookupAnswer Answer, uint[] Tokens, int Space, int Clears)
    {
        public required int Leases { get; init; }
    }

    private sealed record Writing(StoreTransfer Transfer, uint[] Tokens, int Space, int Clears)
    {
        public int Next { get; set; }
    }

    private sealed record Reading(RetrieveTransfer Transfer, uint[] Tokens, int Space);
}
