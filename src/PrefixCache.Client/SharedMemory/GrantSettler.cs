using System.Collections.Concurrent;
using PrefixCache.Client.Sessions;
using PrefixCache.Grpc;
using PrefixCache.Protocol;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Client.SharedMemory;

/// <summary>
/// Tells the node that this process writes no more under a grant whose store was cut off, now or when there is a session again.
/// </summary>
/// <remarks>Until it is told, or this process is dead, the node keeps the grant's blocks out of use. Thread-safe.</remarks>
internal sealed class GrantSettler(RpcChannel channel, TimeSpan timeout)
{
    private readonly ConcurrentQueue<(Guid Arena, ulong Grant)> _pending = [];

    public void Add(Guid arena, ulong grant) => _pending.Enqueue((arena, grant));

    /// <summary>Settles what is pending. What belongs to another arena than the session's is gone with its node.</summary>
    public async Task SettleAsync(NodeSession session, CancellationToken cancellationToken)
    {
        for (var left = _pending.Count; left > 0 && _pending.TryDequeue(out var pending); left--)
        {
            if (session.Arena is not { } arena || arena.ArenaId != pending.Arena) continue;
            try
            {
                var request = new SettleRequest { Session = session.Id, Grant = pending.Grant };
                await channel.UnaryAsync(
                    PrefixCacheMethods.Settle, request, new CallOptions { CancellationToken = cancellationToken, Timeout = timeout });
            }
            catch (RpcException exception) when (exception.Status == StatusCode.NotFound)
            {
                // Its store ended in order after all.
            }
            catch (RpcException)
            {
                _pending.Enqueue(pending);
                return;
            }
        }
    }
}
