using PrefixCache.Client;

namespace PrefixCache.TestWorker;

/// <summary>What a test tells a worker process: one JSON line each way.</summary>
public sealed record WorkerCommand
{
    /// <summary>
    /// lookup, retrieve, store, begin-retrieve, begin-store, finish, release, share or herd; open-store, write-half, write-chunk and
    /// commit-chunk of a <see cref="SteppedStore"/>.
    /// </summary>
    public required string Do { get; init; }

    /// <summary>Two ranks' layout instead of the plain one.</summary>
    public bool TwoRanks { get; init; }

    /// <summary>The prompt: <see cref="TestKv.Tokens"/>(Tokens, Seed).</summary>
    public int Seed { get; init; } = 1;

    public int Tokens { get; init; }

    public int Shard { get; init; }

    /// <summary>The scheduler's, for rank processes.</summary>
    public string Ticket { get; init; } = "";

    /// <summary>begin-…: stop at this token until finish.</summary>
    public int GateToken { get; init; }

    /// <summary>And not before this segment.</summary>
    public int GateSegment { get; init; }

    /// <summary>retrieve, store: from and to memory of the worker's device.</summary>
    public bool OnDevice { get; init; }

    /// <summary>retrieve: out of which of the node's memories.</summary>
    public TransferSource Source { get; init; }

    /// <summary>Load segment by segment.</summary>
    public bool LayerOrder { get; init; }

    /// <summary>write-half, write-chunk, commit-chunk: position of the chunk.</summary>
    public int Chunk { get; init; }

    /// <summary>herd: how many workers of this process work at the same time, each on <see cref="Tokens"/> shared tokens and a note of
    /// its own, which <see cref="Seed"/> tells from those of other processes.</summary>
    public int Workers { get; init; }

    /// <summary>herd: the worker that computes from token 0 on stores half of it, says so and stops for good.</summary>
    public bool StopsHalfWay { get; init; }
}

/// <summary>What it answers.</summary>
public sealed record WorkerReply
{
    /// <summary>Empty when all went well.</summary>
    public string Error { get; init; } = "";

    public string Ticket { get; init; } = "";

    public int HitTokens { get; init; }

    /// <summary>retrieve: tokens in place, each byte verified.</summary>
    public int Loaded { get; init; }

    /// <summary>retrieve that failed: the first segment of the first chunk that the memory does not hold as stored.</summary>
    public int? WrongSegment { get; init; }

    /// <summary>open-store: where the chunks go, in bytes from the arena's start.</summary>
    public IReadOnlyList<long> Offsets { get; init; } = [];

    public int Committed { get; init; }

    public int Present { get; init; }

    public int Refused { get; init; }

    /// <summary>retrieve, store: how payload moved.</summary>
    public string Plane { get; init; } = "";

    /// <summary>retrieve: bytes that came out of the device's memory.</summary>
    public long DeviceBytes { get; init; }

    /// <summary>The node's memory on the worker's device is mapped.</summary>
    public bool HasDevicePlane { get; init; }

    /// <summary>herd: what was done; comes when all workers are done.</summary>
    public HerdCounts? Herd { get; init; }

    /// <summary>herd: a worker has stored half of what it computes, and has stopped.</summary>
    public bool IsHalfWay { get; init; }

    /// <summary>share: what was done so far.</summary>
    public ShareCounts? Shared { get; init; }
}
