namespace PrefixCache.Core.Tiers.Redis;

/// <summary>What the Redis tier did since the node's start. Each counter may be read at any time.</summary>
public sealed class RedisCounters
{
    private readonly long[] _droppedLoads = new long[Enum.GetValues<RedisDrop>().Length];
    private readonly long[] _droppedWrites = new long[Enum.GetValues<RedisDrop>().Length];
    private long _lookups;
    private long _lookupNanoseconds;
    private long _late;
    private long _loaded;
    private long _bytesLoaded;
    private long _loadNanoseconds;
    private long _written;
    private long _bytesWritten;
    private long _twice;
    private long _damaged;
    private long _errors;
    private long _bytesInFlight;

    public long Lookups => Volatile.Read(ref _lookups);

    public long LookupNanoseconds => Volatile.Read(ref _lookupNanoseconds);

    /// <summary>Lookups that were not answered within their budget.</summary>
    public long LookupsLate => Volatile.Read(ref _late);

    public long ChunksLoaded => Volatile.Read(ref _loaded);

    public long BytesLoaded => Volatile.Read(ref _bytesLoaded);

    public long LoadNanoseconds => Volatile.Read(ref _loadNanoseconds);

    public long ChunksWritten => Volatile.Read(ref _written);

    public long BytesWritten => Volatile.Read(ref _bytesWritten);

    /// <summary>Chunks that another node had written before.</summary>
    public long ChunksWrittenTwice => Volatile.Read(ref _twice);

    public long ChunksDamaged => Volatile.Read(ref _damaged);

    public long Errors => Volatile.Read(ref _errors);

    /// <summary>Of blocks that are read from or written to Redis now.</summary>
    public long BytesInFlight => Volatile.Read(ref _bytesInFlight);

    public long DroppedLoads(RedisDrop reason) => Volatile.Read(ref _droppedLoads[(int)reason]);

    public long DroppedWrites(RedisDrop reason) => Volatile.Read(ref _droppedWrites[(int)reason]);

    internal void LookedUp(TimeSpan time)
    {
        Interlocked.Increment(ref _lookups);
        Interlocked.Add(ref _lookupNanoseconds, (long)time.TotalNanoseconds);
    }

    internal void Late() => Interlocked.Increment(ref _late);

    internal void Loaded(long bytes, TimeSpan time)
    {
        Interlocked.Increment(ref _loaded);
        Interlocked.Add(ref _bytesLoaded, bytes);
        Interlocked.Add(ref _loadNanoseconds, (long)time.TotalNanoseconds);
    }

    internal void Written(long bytes)
    {
        Interlocked.Increment(ref _written);
        Interlocked.Add(ref _bytesWritten, bytes);
    }

    internal void WrittenTwice() => Interlocked.Increment(ref _twice);

    internal void Damaged() => Interlocked.Increment(ref _damaged);

    internal void Failed() => Interlocked.Increment(ref _errors);

    internal void DroppedLoad(RedisDrop reason) => Interlocked.Increment(ref _droppedLoads[(int)reason]);

    internal void DroppedWrite(RedisDrop reason) => Interlocked.Increment(ref _droppedWrites[(int)reason]);

    internal void InFlight(long bytes) => Interlocked.Add(ref _bytesInFlight, bytes);
}
