using PrefixCache.Core.Blocks;
using PrefixCache.Core.Tiers.Host;

namespace PrefixCache.Core.Sharing;

/// <summary>An arena and everything that lies in it. Protected by the node's lock.</summary>
internal sealed class TrustDomain(HostTier host, ChunkStore store, bool isShared) : IDisposable
{
    public HostTier Host { get; } = host;

    public ChunkStore Store { get; } = store;

    /// <summary>Workers may map the arena.</summary>
    public bool IsShared { get; } = isShared;

    public Quarantine Quarantine { get; } = new(store, host.MaxQuarantineBytes);

    public void Dispose() => Host.Dispose();
}
