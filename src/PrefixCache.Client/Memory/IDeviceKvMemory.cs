namespace PrefixCache.Client.Memory;

/// <summary>The caller's KV memory on its device, for one shard of one sequence: where each token of each segment lies.</summary>
/// <remarks>
/// As <see cref="IKvMemory"/>, with addresses of the device: of memory that this process has taken or mapped there and that stays as long
/// as a transfer runs. What the engine has queued on streams of its own must be done with it before a transfer begins.
/// </remarks>
public interface IDeviceKvMemory
{
    /// <summary>The memory of some tokens.</summary>
    /// <param name="segment">0 to the shard's segments - 1.</param>
    /// <param name="firstToken">Token of the sequence, from 0.</param>
    /// <param name="tokens">Most tokens wanted.</param>
    /// <returns>Whole tokens from <paramref name="firstToken"/> on, at least one, at most <paramref name="tokens"/>: as far as one
    /// <see cref="DeviceTile"/> can tell where they lie. The larger, the cheaper.</returns>
    DeviceTile GetTile(int segment, int firstToken, int tokens);
}
