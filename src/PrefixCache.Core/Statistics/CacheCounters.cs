using PrefixCache.Core.Claims;
using PrefixCache.Core.Index;
using PrefixCache.Core.Transfers;

namespace PrefixCache.Core.Statistics;

/// <summary>What the node did since its start. Each counter is changed by Interlocked alone and may be read at any time.</summary>
public sealed class CacheCounters
{
    private long _lookups;
    private long _tokensAsked;
    private long _tokensHit;
    private long _committed;
    private long _duplicates;
    private long _evicted;
    private readonly long[] _refused = new long[Enum.GetValues<RefusalReason>().Length];
    private readonly long[] _missed = new long[Enum.GetValues<MissReason>().Length];
    private readonly long[] _claimsEnded = new long[Enum.GetValues<ClaimEnd>().Length];
    private long _claimsGranted;
    private long _claimsWaited;
    private long _hashed;
    private long _branchesMade;
    private long _branchesHit;
    private long _branchesReplaced;
    private long _branchesDropped;
    private long _tailsReplaced;
    private long _aborted;
    private long _bytesStored;
    private long _bytesRetrieved;
    private long _bytesShared;
    private long _bytesDevice;
    private long _tokensLoaded;
    private long _loadNanoseconds;
    private long _tokensComputed;
    private long _computeNanoseconds;

    public long Lookups => Volatile.Read(ref _lookups);

    public long TokensAsked => Volatile.Read(ref _tokensAsked);

    public long TokensHit => Volatile.Read(ref _tokensHit);

    /// <summary>Shards of chunks that became visible.</summary>
    public long ChunksCommitted => Volatile.Read(ref _committed);

    /// <summary>Commits that came second and were dropped.</summary>
    public long ChunksDuplicate => Volatile.Read(ref _duplicates);

    public long ChunksEvicted => Volatile.Read(ref _evicted);

    public long StoresRefused
    {
        get
        {
            var refused = 0L;
            for (var i = 0; i < _refused.Length; i++) refused += Volatile.Read(ref _refused[i]);
            return refused;
        }
    }

    public long ClaimsGranted => Volatile.Read(ref _claimsGranted);

    /// <summary>Requests that were told to wait for another's claim, each once.</summary>
    public long ClaimsWaited => Volatile.Read(ref _claimsWaited);

    /// <summary>Tokens that went through SHA-256 for keys: of new chunks, and of claims.</summary>
    public long TokensHashed => Volatile.Read(ref _hashed);

    public long BranchPointsMade => Volatile.Read(ref _branchesMade);

    /// <summary>Lookups whose hit ended in a branch point.</summary>
    public long BranchPointsHit => Volatile.Read(ref _branchesHit);

    /// <summary>Branch points that gave their place to another.</summary>
    public long BranchPointsReplaced => Volatile.Read(ref _branchesReplaced);

    /// <summary>Shared runs that did not become branch points: no place, no memory, no time, or their chunk was damaged.</summary>
    public long BranchPointsDropped => Volatile.Read(ref _branchesDropped);

    /// <summary>Short chunks that gave way to a longer one that contains them.</summary>
    public long TailsReplaced => Volatile.Read(ref _tailsReplaced);

    /// <summary>Chunks whose store ended before they were whole.</summary>
    public long StoresAborted => Volatile.Read(ref _aborted);

    public long BytesStored => Volatile.Read(ref _bytesStored);

    public long BytesRetrieved => Volatile.Read(ref _bytesRetrieved);

    /// <summary>What workers report to have copied out of shared memory: the node does not see it.</summary>
    public long BytesShared => Volatile.Read(ref _bytesShared);

    /// <summary>Payload that workers report to have copied out of a device's memory.</summary>
    public long BytesDevice => Volatile.Read(ref _bytesDevice);

    public long TokensLoaded => Volatile.Read(ref _tokensLoaded);

    public long LoadNanoseconds => Volatile.Read(ref _loadNanoseconds);

    public long TokensComputed => Volatile.Read(ref _tokensComputed);

    public long ComputeNanoseconds => Volatile.Read(ref _computeNanoseconds);

    public void Retrieved(long bytes) => Interlocked.Add(ref _bytesRetrieved, bytes);

    internal void LookedUp(int asked, int hit)
    {
        Interlocked.Increment(ref _lookups);
        Interlocked.Add(ref _tokensAsked, asked);
        Interlocked.Add(ref _tokensHit, hit);
    }

    internal void Committed(long bytes)
    {
        Interlocked.Increment(ref _committed);
        Interlocked.Add(ref _bytesStored, bytes);
    }

    internal void Duplicate() => Interlocked.Increment(ref _duplicates);

    internal void Evicted() => Interlocked.Increment(ref _evicted);

    /// <summary>Chunks that were refused for a reason.</summary>
    public long RefusedFor(RefusalReason reason) => Volatile.Read(ref _refused[(int)reason]);

    /// <summary>Tokens of lookups that were no hit for a reason.</summary>
    public long MissedFor(MissReason reason) => Volatile.Read(ref _missed[(int)reason]);

    /// <summary>Claims that ended in one way.</summary>
    public long ClaimsEndedBy(ClaimEnd how) => Volatile.Read(ref _claimsEnded[(int)how]);

    internal void ClaimGranted() => Interlocked.Increment(ref _claimsGranted);

    internal void ClaimWaited() => Interlocked.Increment(ref _claimsWaited);

    internal void ClaimEnded(ClaimEnd how) => Interlocked.Increment(ref _claimsEnded[(int)how]);

    internal void Refused(RefusalReason reason) => Interlocked.Increment(ref _refused[(int)reason]);

    internal void Missed(MissReason reason, int tokens) => Interlocked.Add(ref _missed[(int)reason], tokens);

    internal void Hashed(int tokens) => Interlocked.Add(ref _hashed, tokens);

    internal void BranchPointMade() => Interlocked.Increment(ref _branchesMade);

    internal void BranchPointHit() => Interlocked.Increment(ref _branchesHit);

    internal void BranchPointReplaced() => Interlocked.Increment(ref _branchesReplaced);

    internal void BranchPointDropped() => Interlocked.Increment(ref _branchesDropped);

    internal void TailReplaced() => Interlocked.Increment(ref _tailsReplaced);

    internal void Aborted() => Interlocked.Increment(ref _aborted);

    internal void Loaded(Reservations.LoadReport report)
    {
        if (report.Shared) Interlocked.Add(ref _bytesShared, report.Bytes);
        if (report.Source == Planning.LoadSource.Device) Interlocked.Add(ref _bytesDevice, report.Bytes);
        Interlocked.Add(ref _tokensLoaded, report.Failed ? 0 : report.Tokens);
        Interlocked.Add(ref _loadNanoseconds, (long)report.Time.TotalNanoseconds);
    }

    internal void Computed(Reservations.ComputeReport report)
    {
        Interlocked.Add(ref _tokensComputed, report.Tokens);
        Interlocked.Add(ref _computeNanoseconds, (long)report.Time.TotalNanoseconds);
    }
}
