namespace PrefixCache.Core.Tiers.Redis.Resp;

/// <summary>Redis failed. Never leaves the tier: a cache may always miss.</summary>
public sealed class RedisException : Exception
{
    public RedisException(RedisFault fault, string message, Exception? cause = null)
        : base(message, cause) => Fault = fault;

    public RedisFault Fault { get; }

    /// <summary>The fault that an error reply's first word names.</summary>
    /// <param name="error">Without the leading '-'.</param>
    internal static RedisFault FaultOf(ReadOnlySpan<byte> error)
    {
        var end = error.IndexOf((byte)' ');
        var word = end < 0 ? error : error[..end];
        if (word.SequenceEqual("OOM"u8)) return RedisFault.OutOfMemory;
        if (word.SequenceEqual("LOADING"u8) || word.SequenceEqual("BUSY"u8)) return RedisFault.Loading;
        if (word.SequenceEqual("READONLY"u8) || word.SequenceEqual("MISCONF"u8) || word.SequenceEqual("NOREPLICAS"u8))
            return RedisFault.ReadOnly;
        if (word.SequenceEqual("MOVED"u8) || word.SequenceEqual("ASK"u8) || word.SequenceEqual("TRYAGAIN"u8)) return RedisFault.Moved;
        if (word.SequenceEqual("WRONGTYPE"u8)) return RedisFault.WrongType;
        if (word.SequenceEqual("CLUSTERDOWN"u8) || word.SequenceEqual("MASTERDOWN"u8)) return RedisFault.ClusterDown;
        return word.SequenceEqual("NOAUTH"u8) || word.SequenceEqual("WRONGPASS"u8) || word.SequenceEqual("NOPERM"u8)
            ? RedisFault.Denied
            : RedisFault.Other;
    }
}
