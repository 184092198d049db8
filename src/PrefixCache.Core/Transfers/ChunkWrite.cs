using PrefixCache.Core.Blocks;
using PrefixCache.Core.Index;

namespace PrefixCache.Core.Transfers;

/// <summary>One chunk of a store: the block that its bytes go into. Used by one writer.</summary>
public sealed class ChunkWrite
{
    internal ChunkWrite(ulong handle, ChunkNode node, Block block) => (Handle, Node, Block) = (handle, node, block);

    public ulong Handle { get; }

    public Block Block { get; }

    internal ChunkNode Node { get; }

    internal bool IsClosed { get; set; }
}
