using System.Net.Sockets;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Posix;
using PrefixCache.Format.SharedMemory;
using PrefixCache.Protocol.V1;

namespace PrefixCache.Client.Devices;

/// <summary>This process's device: the node's memory on it, kept from session to session, and whether it still works.</summary>
/// <remarks>
/// Attaching is the session's one task's; the rest is thread-safe. Owns the mapping, which goes when the last copy has ended, and streams;
/// not the device.
/// </remarks>
internal sealed class DevicePlane(IDevice device, TimeSpan openTimeout, Action<ClientEvent> report) : IDisposable
{
    private DeviceArenaView? _arena;
    private DeviceSession? _last;
    private string? _failure;

    public IDevice Device => device;

    public DeviceStreams Streams { get; } = new(device);

    /// <summary>Why the device is not used any more; null = it works.</summary>
    public string? Failure => Volatile.Read(ref _failure);

    /// <summary>Gets for a session what this device can copy from and to.</summary>
    /// <param name="arena">The host arena; null = payload travels in streams, and nothing is shared.</param>
    public async Task<DeviceSession?> AttachAsync(SessionOpened opened, ArenaView? arena, CancellationToken cancellationToken)
    {
        if (arena is null || Failure is not null) return null;
        var host = _last is { } last && last.Host.Arena == arena ? last.Host : RegisteredArena.Of(device, arena);
        return _last = new DeviceSession(host, await MapAsync(opened, cancellationToken));
    }

    /// <summary>Notes that the device has failed, unless it only lacks memory: it is left alone from then on.</summary>
    public void Fail(DeviceException exception)
    {
        if (exception.IsOutOfMemory) return;
        var reason = $"{device.Identity.Text} is not used any more: {exception.Message}";
        if (Interlocked.CompareExchange(ref _failure, reason, null) is null) report(new ClientEvent(ClientEventKind.DeviceOff, "", reason));
    }

    /// <summary>The node has gone, or has no memory on this device: what is mapped of one before goes when the last copy has ended.</summary>
    public void Drop()
    {
        _arena?.Dispose();
        (_arena, _last) = (null, null);
    }

    public void Dispose()
    {
        Drop();
        Streams.Dispose();
    }

    private async Task<DeviceArenaView?> MapAsync(SessionOpened opened, CancellationToken cancellationToken)
    {
        var uuid = device.Identity.Uuid;
        var index = opened.Devices.ToList().FindIndex(one => one.Uuid.Length == 16 && new Guid(one.Uuid.Span, bigEndian: true) == uuid);
        if (index < 0)
        {
            Drop();
            return null;
        }

        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(openTimeout);
            var view = await ArenaConnector.ConnectDeviceAsync(
                opened.SharedMemory.Socket, opened.Session.Memory, index + 1, device, _arena, limit.Token);
            Keep(view, opened.Devices[index]);
            report(new ClientEvent(ClientEventKind.DeviceMemory, "", FormattableString.Invariant(
                $"{view.Bytes >> 20} MiB of the node's memory on {device.Identity.Text} are mapped.")));
            return view;
        }
        catch (DeviceException exception)
        {
            Refused(exception.Message);
            return null;
        }
        catch (Exception exception) when (exception is IOException or PosixException or ArenaRefusedException or ArgumentException
            or SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            Refused(exception.Message);
            return null;
        }
    }

    private void Refused(string reason) => report(new ClientEvent(ClientEventKind.DeviceOff, "",
        $"The node's memory on {device.Identity.Text} is not used: {reason}"));

    /// <summary>Memory that is mapped already stays; that of a node which is gone goes.</summary>
    private void Keep(DeviceArenaView view, DeviceMemory offer)
    {
        if (view == _arena) return;
        if (offer.Arena.Length != 16 || new Guid(offer.Arena.Span, bigEndian: true) != view.ArenaId)
        {
            view.Dispose();
            throw new IOException("The node handed out other memory than it had offered.");
        }

        _arena?.Dispose();
        _arena = view;
    }
}
