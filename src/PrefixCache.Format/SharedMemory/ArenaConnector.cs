using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.Format.SharedMemory;

/// <summary>Gets a node's memory from its socket.</summary>
public static class ArenaConnector
{
    /// <summary>Asks once for the arena in host memory; the connection is closed afterwards.</summary>
    /// <param name="socket">A path, or @name for a name in Linux's abstract namespace.</param>
    /// <param name="session">16 bytes, from OpenSession.</param>
    /// <returns>A view that the caller owns.</returns>
    /// <exception cref="ArenaRefusedException">The node does not hand it to this process.</exception>
    /// <exception cref="SocketException">Nobody serves there, as seen from this process's host or container.</exception>
    /// <exception cref="IOException">What serves there is no node.</exception>
    /// <exception cref="PosixException">The memory cannot be mapped.</exception>
    public static Task<ArenaView> ConnectAsync(string socket, ReadOnlyMemory<byte> session, CancellationToken cancellationToken) =>
        AskAsync(socket, ArenaHandover.Request(session.Span), static (reply, descriptors) =>
        {
            CheckDescriptors(descriptors, ArenaHandover.Descriptors);
            return ArenaView.Map(descriptors[0], descriptors[1], reply.IsWritable);
        }, cancellationToken);

    /// <summary>Asks once for the memory of a device.</summary>
    /// <param name="number">Its place in SessionOpened.devices, counted from 1.</param>
    /// <param name="device">The device itself.</param>
    /// <param name="known">What is mapped already; null = nothing. Where the node hands out the same memory, it is the result.</param>
    /// <exception cref="DeviceException">The device cannot map the memory.</exception>
    /// <inheritdoc cref="ConnectAsync"/>
    public static Task<DeviceArenaView> ConnectDeviceAsync(
        string socket, ReadOnlyMemory<byte> session, int number, IDevice device, DeviceArenaView? known,
        CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(number);
        return AskAsync(socket, ArenaHandover.Request(session.Span, number), (reply, descriptors) =>
        {
            CheckDescriptors(descriptors, reply.Handle is null ? ArenaHandover.Descriptors : 1);
            if (known is not null && IsOf(known, reply)) return known;
            // Its descriptor is closed with the others.
            var share = reply.Handle is { } handle
                ? new DeviceShare(handle, reply.ArenaBytes)
                : new DeviceShare(descriptors[1], reply.ArenaBytes);
            return DeviceArenaView.Map(descriptors[0], share, device);
        }, cancellationToken);
    }

    private static async Task<TView> AskAsync<TView>(
        string socket, byte[] request, Func<ArenaReply, SafeFileHandle[], TView> map, CancellationToken cancellationToken)
        where TView : MappedArena
    {
        using var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var address = socket.StartsWith('@') ? "\0" + socket[1..] : socket;
        await connection.ConnectAsync(new UnixDomainSocketEndPoint(address), cancellationToken);
        await SendAsync(connection, request, cancellationToken);

        // A receive of no bytes ends when some have come.
        await connection.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken);
        var header = new byte[ArenaHandover.ReplyBytes];
        var received = DescriptorSocket.Receive(connection, header, out var descriptors);
        try
        {
            await FillAsync(connection, header.AsMemory(received), received > 0, cancellationToken);
            var reply = await GrantAsync(connection, header, cancellationToken);
            var view = map(reply, descriptors);
            if (IsOf(view, reply)) return view;
            view.Dispose();
            throw new IOException("The node sent other memory than it said.");
        }
        finally
        {
            foreach (var descriptor in descriptors) descriptor.Dispose();
        }
    }

    private static async Task SendAsync(Socket connection, byte[] request, CancellationToken cancellationToken)
    {
        try
        {
            for (var sent = 0; sent < request.Length;)
                sent += await connection.SendAsync(request.AsMemory(sent), SocketFlags.None, cancellationToken);
        }
        catch (SocketException)
        {
            // A node that refuses this user does so before it reads, and has closed: the reason lies ready to be received.
        }
    }

    private static async Task<ArenaReply> GrantAsync(Socket connection, byte[] header, CancellationToken cancellationToken)
    {
        if (!ArenaHandover.TryReadReply(header, out var reply, out var textBytes))
            throw new IOException("What serves on the shared-memory socket is no PrefixCache node.");
        var text = reply.Handle ?? new byte[textBytes];
        await FillAsync(connection, text, true, cancellationToken);
        return reply.IsGranted ? reply : throw new ArenaRefusedException(System.Text.Encoding.UTF8.GetString(text));
    }

    private static bool IsOf(MappedArena view, in ArenaReply reply) => view.ArenaId == reply.ArenaId && view.Bytes == reply.ArenaBytes;

    private static void CheckDescriptors(SafeFileHandle[] descriptors, int due)
    {
        if (descriptors.Length != due) throw new IOException($"The node sent {descriptors.Length} descriptors, {due} were due.");
    }

    private static async Task FillAsync(Socket connection, Memory<byte> rest, bool isOpen, CancellationToken cancellationToken)
    {
        while (!rest.IsEmpty)
        {
            var received = isOpen ? await connection.ReceiveAsync(rest, SocketFlags.None, cancellationToken) : 0;
            if (received == 0) throw new IOException("The node closed the shared-memory socket before it had answered.");
            rest = rest[received..];
        }
    }
}
