using PrefixCache.Client.Memory;
using PrefixCache.Format.SharedMemory;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;

namespace PrefixCache.Client.SharedMemory;

/// <summary>A hit that lies in memory which this process maps.</summary>
internal sealed class SharedHit(PrefixCacheClient client, ArenaView arena, KvLayout layout, HitLocator locator)
{
    /// <summary>Copies the hit, or a part of it.</summary>
    /// <returns>What is in place; null where streams are to serve the hit: nothing was copied then.</returns>
    public async ValueTask<RetrieveResult?> TryRetrieveAsync(
        IKvMemory destination, TransferOptions options, int end, CancellationToken cancellationToken)
    {
        var started = client.Options.TimeProvider.GetTimestamp();
        var extents = (await locator.LocateAsync(options.Shard, cancellationToken)).Host;
        if (extents is null || extents.ArenaId != arena.ArenaId || !arena.TryAcquire()) return null;
        HitCopier copier;
        try
        {
            copier = new HitCopier(arena, layout, extents, options, end, destination, client.Options.VerifyChecksums);
            copier.Copy(cancellationToken);
        }
        finally
        {
            arena.Release();
        }

        if (copier.Failure.Length > 0) client.Failed("Retrieve", copier.Failure);
        return new RetrieveResult(copier.EndToken, copier.EndToken - options.FirstToken, copier.Bytes,
            client.Options.TimeProvider.GetElapsedTime(started), TransferPlane.SharedMemory);
    }
}
