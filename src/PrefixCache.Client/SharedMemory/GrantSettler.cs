using System.Collections.Concurrent;
using PrefixCache.Client.Sessions;
using PrefixCache.Grpc;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Client.SharedMemory;

/// <summary>
/// Tells the node that this process writes no more under a grant whose store was cut off, now or when there is a session again.
/// </summary>
/// <remarks>
/// Until it is told, or this process is dead, the node keeps the grant's blocks out of use. What is pending is the process's, not the
/// client's: a later client of the same node tells it. Thread-safe.
/// </remarks>
internal sealed class GrantSettler(RpcChannel channel, TimeSpan timeout)
{
    /// <summary>Of nodes that are gone, most likely: nobody will take these.</summary>
    private const int MaxPending = 1024;

    private static readonly ConcurrentQueue<(Guid Arena, ulong Grant)> Pending = [];

    /// <summary>The node does not know yet that nothing is written under the grant.</summary>
    public static bool IsPending(ulong grant) => Pending.Any(pending => pending.Grant == grant);

    public static void Add(Guid arena, ulong grant)
    {
        Pending.Enqueue((arena, grant));
        while (Pending.Count > MaxPending) Pending.TryDequeue(out _);
    }

    /// <summary>Settles what is pending of the session's arena.</summary>
    public async Task SettleAsync(NodeSession session, CancellationToken cancellationToken)
    {
        for (var left = Pending.Count; left > 0 && Pending.TryDequeue(out var pending); left--)
        {
            if (session.Arena?.ArenaId != pending.Arena || !await TrySettleAsync(session, pending.Grant, cancellationToken))
                Pending.Enqueue(pending);
        }
    }

    private async Task<bool> TrySettleAsync(NodeSession session, ulong grant, CancellationToken cancellationToken)
    {
        try
        {
            var request = new SettleRequest { Session = session.Id, Grant = grant };
            await channel.UnaryAsync(
                PrefixCacheMethods.Settle, request, new CallOptions { CancellationToken = cancellationToken, Timeout = timeout });
            return true;
        }
        catch (RpcException exception)
        {
            // Not found: its store ended in order after all.
            return exception.Status == StatusCode.NotFound;
        }
    }
}
