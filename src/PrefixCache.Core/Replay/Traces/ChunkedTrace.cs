using PrefixCache.Core.Tokens;

namespace PrefixCache.Core.Replay.Traces;

/// <summary>A trace cut into chunks of one size, each a number: equal numbers are equal prefixes up to and including the chunk.</summary>
/// <remarks>Immutable, so threads may share it.</remarks>
public sealed class ChunkedTrace
{
    private readonly ReplayTrace _trace;
    private readonly int[] _chunkTokens;
    private readonly uint[] _chunks;
    private readonly (int Start, int Count)[] _lookups;
    private readonly (int Start, int Count)[] _stores;

    private ChunkedTrace(ReplayTrace trace, ReplayMode mode, int[] chunkTokens)
    {
        _trace = trace;
        _chunkTokens = chunkTokens;
        _lookups = new (int, int)[trace.Requests];
        _stores = new (int, int)[trace.Requests];
        var chunks = new List<uint>();
        if (trace.HasTokens) Number(trace, mode, chunks);
        else Pick(trace, mode, chunks);
        _chunks = [.. chunks];
        for (var request = 0; request < trace.Requests; request++) Blocks += _lookups[request].Count;
        foreach (var chunk in _chunks) Names = Math.Max(Names, (int)chunk + 1);
    }

    public int Requests => _lookups.Length;

    /// <summary>Chunks of all prompts.</summary>
    public long Blocks { get; }

    /// <summary>Tokens of all prompts, also of those that are in no counted chunk.</summary>
    public long Tokens => _trace.PromptTokens;

    /// <summary>Above every chunk's number.</summary>
    public int Names { get; }

    /// <param name="chunkTokens">0 = as the trace has them, or the node's default where it has tokens.</param>
    /// <exception cref="TraceException">The trace has blocks that chunks of this size are no multiple of.</exception>
    public static ChunkedTrace Of(ReplayTrace trace, ReplayMode mode, int chunkTokens = 0)
    {
        var sizes = new int[trace.Requests];
        for (var request = 0; request < sizes.Length; request++)
        {
            var block = trace[request].BlockTokens;
            if (!trace.HasTokens && chunkTokens % block != 0)
            {
                throw new TraceException(
                    $"{trace.File} names blocks of {block} tokens, so chunks cannot have {chunkTokens}: give a multiple of {block}.");
            }

            sizes[request] = chunkTokens > 0 ? chunkTokens : trace.HasTokens ? Format.Layouts.KvLayout.DefaultChunkTokens : block;
        }

        return new ChunkedTrace(trace, mode, sizes);
    }

    /// <summary>What a request looks up.</summary>
    public ReadOnlySpan<uint> Lookup(int request) => _chunks.AsSpan(_lookups[request].Start, _lookups[request].Count);

    /// <summary>What there is once it was served: with generated tokens, where the trace has them.</summary>
    public ReadOnlySpan<uint> Store(int request) => _chunks.AsSpan(_stores[request].Start, _stores[request].Count);

    /// <summary>Tokens of a whole chunk.</summary>
    public int ChunkTokens(int request) => _chunkTokens[request];

    /// <summary>Tokens of a request's first chunks.</summary>
    public int TokensOf(int request, int chunks) => (int)Math.Min((long)chunks * _chunkTokens[request], _trace[request].PromptTokens);

    public int PromptTokens(int request) => _trace[request].PromptTokens;

    /// <summary>With generated tokens, where the trace has them.</summary>
    public int WholeTokens(int request) => _trace.HasTokens ? _trace[request].Units : _trace[request].PromptTokens;

    /// <summary>Tokens of one of a request's stored chunks.</summary>
    public int StoredTokens(int request, int position) => ChunkPosition.Tokens(position, WholeTokens(request), _chunkTokens[request]);

    private static int Count(ReplayMode mode, int tokens, int chunkTokens) =>
        mode == ReplayMode.Full ? tokens / chunkTokens : ChunkPosition.Count(tokens, chunkTokens);

    /// <summary>Where blocks become larger chunks, the last block of a chunk names it: its name stands for all before it.</summary>
    private void Pick(ReplayTrace trace, ReplayMode mode, List<uint> chunks)
    {
        for (var request = 0; request < trace.Requests; request++)
        {
            var blocks = trace.Prompt(request);
            var stride = _chunkTokens[request] / trace[request].BlockTokens;
            var count = Count(mode, trace[request].PromptTokens, _chunkTokens[request]);
            _lookups[request] = _stores[request] = (chunks.Count, count);
            for (var i = 0; i < count; i++) chunks.Add(blocks[Math.Min((i + 1) * stride, blocks.Length) - 1]);
        }
    }

    private void Number(ReplayTrace trace, ReplayMode mode, List<uint> chunks)
    {
        var numbering = new ChunkNumbering(trace.Units);
        for (var request = 0; request < trace.Requests; request++)
        {
            var size = _chunkTokens[request];
            _lookups[request] = _stores[request] = Add(trace[request].PromptUnits);
            if (trace[request].Units > trace[request].PromptUnits) _stores[request] = Add(trace[request].Units);

            (int Start, int Count) Add(int tokens)
            {
                var (first, count) = (chunks.Count, Count(mode, tokens, size));
                var parent = ChunkNumbering.Root(trace[request].Namespace);
                for (var i = 0; i < count; i++)
                {
                    parent = numbering.Number(parent, trace[request].Start + (i * size), ChunkPosition.Tokens(i, tokens, size));
                    chunks.Add((uint)parent);
                }

                return (first, count);
            }
        }
    }
}
