namespace PrefixCache.Format.Hashing;

/// <summary>64 bytes in registers: the striped path's state of eight 64-bit lanes, a stripe of input, or the secret for one.</summary>
/// <remarks>
/// One loop serves every width: hashing and copying are generic over the width's type, and the JIT makes a body of its own for each.
/// </remarks>
/// <typeparam name="TSelf">The width's type.</typeparam>
internal unsafe interface IXxh3Lanes<TSelf>
    where TSelf : unmanaged, IXxh3Lanes<TSelf>
{
    /// <summary>Reads 64 bytes of any alignment.</summary>
    static abstract TSelf Load(byte* at);

    /// <summary>Writes 64 bytes of any alignment.</summary>
    void Store(byte* at);

    /// <summary>Writes 64 bytes past the caches, where the machine can; <paramref name="at"/> is a multiple of 64.</summary>
    void StoreNonTemporal(byte* at);

    /// <summary>The state after one more stripe.</summary>
    static abstract TSelf Accumulate(TSelf state, TSelf stripe, TSelf secret);

    /// <summary>The state after a full block of stripes.</summary>
    static abstract TSelf Scramble(TSelf state, TSelf secret);
}
