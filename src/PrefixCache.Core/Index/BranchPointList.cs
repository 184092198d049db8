namespace PrefixCache.Core.Index;

/// <summary>The branch points behind one parent, those in the making included.</summary>
internal sealed class BranchPointList
{
    /// <summary>Few, so that a scan costs nothing.</summary>
    public List<ChunkNode> Points { get; } = [];

    /// <summary>Runs that were worth a branch point so far: the clock by which unused ones grow old.</summary>
    public int Proposals { get; set; }

    /// <summary>Branch points that went again.</summary>
    public int Gone { get; set; }
}
