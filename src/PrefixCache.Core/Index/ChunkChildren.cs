namespace PrefixCache.Core.Index;

/// <summary>What the index knows behind one chunk, or at the start of a sequence. Protected by the node's lock.</summary>
internal struct ChunkChildren
{
    /// <summary>Complete chunks: what a lookup may find.</summary>
    public ChildSet Residents;

    /// <summary>Chunks that are being written or lack a shard, and ghosts.</summary>
    public ChildSet Others;

    /// <summary>Null = none were made yet.</summary>
    public BranchPointList? BranchPoints;
}
