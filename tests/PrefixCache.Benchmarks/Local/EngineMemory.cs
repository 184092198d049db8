using PrefixCache.Benchmarks.Transport;
using PrefixCache.Client.Memory;

namespace PrefixCache.Benchmarks.Local;

/// <summary>An engine's memory for one prompt in three shapes: in one piece, in token-major pages, in head-major pages.</summary>
/// <remarks>
/// All three use the same bytes, touched beforehand. Pages lie in an order of their own, as in an engine that has run for a while.
/// </remarks>
internal sealed class EngineMemory : IDisposable
{
    private const int Pages = (LocalWorkload.PromptTokens + LocalWorkload.PageTokens - 1) / LocalWorkload.PageTokens;

    private readonly NativeBlock _block;
    private readonly int[] _blockTable;

    public EngineMemory()
    {
        var segmentBytes = Pages * LocalWorkload.PageTokens * LocalWorkload.Shape.SegmentBytesPerToken(0);
        _block = new NativeBlock(segmentBytes * LocalWorkload.Shape.Segments);
        _block.Memory.Span.Fill(1);
        _blockTable = [.. Enumerable.Range(0, Pages)];
        new Random(7).Shuffle(_blockTable);
        Memory<byte>[] segments = [.. Enumerable.Range(0, LocalWorkload.Shape.Segments).Select(
            segment => _block.Memory.Slice(segment * segmentBytes, segmentBytes))];
        Flat = new ContiguousKvMemory(_block.Memory, LocalWorkload.Shape, LocalWorkload.PromptTokens);
        TokenMajor = new PagedKvMemory(segments, LocalWorkload.Shape, _blockTable, LocalWorkload.PageTokens);
        HeadMajor = PagedKvMemory.HeadMajor(segments, LocalWorkload.Shape, _blockTable, LocalWorkload.PageTokens, LocalWorkload.Heads);
    }

    public Memory<byte> Bytes => _block.Memory[..LocalWorkload.PromptBytes];

    public IKvMemory Flat { get; }

    /// <summary>Runs of 32 KiB: 16 tokens of 2,048 bytes.</summary>
    public IKvMemory TokenMajor { get; }

    /// <summary>Runs of 256 bytes: one head of one token.</summary>
    public IKvMemory HeadMajor { get; }

    public void Dispose() => ((IDisposable)_block).Dispose();
}
