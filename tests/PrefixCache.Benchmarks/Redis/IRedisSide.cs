namespace PrefixCache.Benchmarks.Redis;

/// <summary>One way to keep a prompt's payload in Redis, measured against the others. One caller at a time.</summary>
internal interface IRedisSide : IAsyncDisposable
{
    /// <summary>Begins the name of its results.</summary>
    string Name { get; }

    /// <summary>Writes <see cref="RedisWorkload.PromptBytes"/> bytes to a server that holds nothing.</summary>
    ValueTask StoreAsync(ReadOnlyMemory<byte> prompt);

    /// <summary>Reads what <see cref="StoreAsync"/> wrote.</summary>
    ValueTask LoadAsync(Memory<byte> prompt);

    /// <summary>Asks once whether something is there, and gets the answer.</summary>
    ValueTask ProbeAsync();
}
