using PrefixCache.Format.Native.Posix;
using PrefixCache.Format.SharedMemory;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Client.SharedMemory;

/// <summary>Keeps the mapping of the node's memory, from session to session as long as it is the same memory.</summary>
/// <remarks>Used by the session's one task. Owns the mapping, which goes when the last copy out of it has ended.</remarks>
internal sealed class ArenaKeeper(PrefixCacheClientOptions options, Action<ClientEvent> report) : IDisposable
{
    private ArenaView? _view;

    /// <summary>Gets the memory for a session, where the node offers it and this process can have it; else says why not.</summary>
    /// <returns>Null = payload travels in streams.</returns>
    public async Task<ArenaView?> AttachAsync(SessionOpened opened, CancellationToken cancellationToken)
    {
        if (!options.SharedMemory || opened.SharedMemory is not { Socket.Length: > 0 } offer) return null;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(options.OpenTimeout);
            Keep(await ArenaConnector.ConnectAsync(offer.Socket, opened.Session.Memory, limit.Token));
            report(new ClientEvent(ClientEventKind.SharedMemory, "", FormattableString.Invariant(
                $"{_view!.Bytes >> 20} MiB of the node's memory are mapped{(_view.IsWritable ? "" : " for reading")}: payload does not travel.")));
            return _view;
        }
        catch (Exception exception) when (exception is IOException or PosixException or ArenaRefusedException or ArgumentException
            or System.Net.Sockets.SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            var reason = exception is System.Net.Sockets.SocketException
                ? $"The node's socket {offer.Socket} cannot be reached from here ({exception.Message}): between containers, give "
                    + "shared-memory-socket a path on a volume that both mount at the same place."
                : exception.Message;
            report(new ClientEvent(ClientEventKind.StreamsOnly, "", reason));
            return null;
        }
    }

    /// <summary>The node has gone: its memory is what the next one wants. What copies out of it has it until then.</summary>
    public void Drop()
    {
        _view?.Dispose();
        _view = null;
    }

    public void Dispose() => Drop();

    /// <summary>Memory that is mapped and populated already stays; that of a node which is gone goes.</summary>
    private void Keep(ArenaView view)
    {
        if (_view is { } old && old.ArenaId == view.ArenaId && old.IsWritable == view.IsWritable)
        {
            view.Dispose();
            return;
        }

        _view?.Dispose();
        _view = view;
        view.StartPopulating();
    }
}
