using PrefixCache.Core.Blocks;

namespace PrefixCache.Core.Sharing;

/// <summary>An arena and everything that lies in it. Protected by the node's lock.</summary>
internal sealed class TrustDomain(ChunkStore store, bool isShared) : IDisposable
{
    public ChunkStore Store { get; } = store;

    /// <summary>Workers may map the arena.</summary>
    public bool IsShared { get; } = isShared;

    public Quarantine Quarantine { get; } = new(store);

    public void Dispose() => Store.Host.Dispose();
}
