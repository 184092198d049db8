using PrefixCache.Format.Keys;

namespace PrefixCache.Core.Claims;

/// <summary>Claims that hold among several nodes.</summary>
/// <remarks>
/// Thread-safe. Every call may fail or be late: the claim then holds on its own node alone, and a token may be computed twice.
/// Events are raised on any thread, without the node's lock.
/// </remarks>
public interface IFleetClaims
{
    /// <summary>Somebody waits on another node for what is claimed under a key: its chunks are wanted where he finds them.</summary>
    event Action<ChunkKey>? WaiterRegistered;

    /// <summary>Who holds a key has let it go, or it may be worth asking who does.</summary>
    event Action<ChunkKey>? Changed;

    /// <summary>Takes a key, if nobody holds it.</summary>
    /// <param name="key">From <see cref="ClaimKeys"/>.</param>
    /// <param name="holder">Names this hold in the other calls.</param>
    /// <param name="tokens">What is claimed, for those who find the key taken (<see cref="FleetTokens"/>).</param>
    /// <param name="lifetime">It ends after so long, unless it is renewed.</param>
    ValueTask<FleetTake> TryTakeAsync(
        ChunkKey key, Guid holder, ReadOnlyMemory<byte> tokens, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>The work goes on.</summary>
    /// <returns>False where the holder does not hold the key any more.</returns>
    ValueTask<bool> RenewAsync(ChunkKey key, Guid holder, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>Lets a key go, if the holder still holds it.</summary>
    ValueTask ReleaseAsync(ChunkKey key, Guid holder, CancellationToken cancellationToken);

    /// <summary>Says that this node waits for what is claimed under a key.</summary>
    /// <returns>False where nobody holds it any more.</returns>
    ValueTask<bool> RegisterWaiterAsync(ChunkKey key, CancellationToken cancellationToken);
}
