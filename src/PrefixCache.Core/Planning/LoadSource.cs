namespace PrefixCache.Core.Planning;

/// <summary>What moves bytes at a speed of its own. The first three are the contract's planes, a worker's loads from the host
/// tier.</summary>
public enum LoadSource
{
    Stream = 0,
    SharedMemory = 1,
    Device = 2,

    /// <summary>The node's own moves from Redis into the host tier.</summary>
    Redis = 3,
}
