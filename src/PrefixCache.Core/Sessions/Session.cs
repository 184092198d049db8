using PrefixCache.Core.Sharing;
using PrefixCache.Core.Tiers.Gpu;

namespace PrefixCache.Core.Sessions;

/// <summary>One process of an engine, for as long as its call lives.</summary>
#pragma warning disable CA1001 // The source has no timer and its token outlives the session: it is left to the collector.
public sealed class Session
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource _ended = new();

    private volatile WorkerProcess? _process;

    internal Session(Instance instance, SessionRequest request)
    {
        Instance = instance;
        Role = request.Role;
        Rank = request.Rank;
        IsReadOnly = request.IsReadOnly;
        TakesCuts = request.TakesCuts;
    }

    public SessionId Id { get; } = SessionId.New();

    public Instance Instance { get; }

    public SessionRole Role { get; }

    public int Rank { get; }

    /// <summary>It never stores.</summary>
    public bool IsReadOnly { get; }

    /// <summary>It stores fewer tokens of a chunk than it offered, where the node says so.</summary>
    public bool TakesCuts { get; }

    /// <summary>The process that holds the arena under this session; null while none does, and for workers elsewhere.</summary>
    public WorkerProcess? Process
    {
        get => _process;
        internal set => _process = value;
    }

    /// <summary>The device memory that the process holds under this session; null = none. Protected by the node's lock.</summary>
    internal GpuArena? Gpu { get; set; }

    /// <summary>Cancelled when the session ends; transfers of the session end with it.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Called once, without the node's lock, for it runs what hangs on <see cref="Ended"/>.</summary>
    internal void SignalEnded() => _ended.Cancel();
}
