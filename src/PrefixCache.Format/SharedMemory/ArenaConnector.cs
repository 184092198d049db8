using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.Format.SharedMemory;

/// <summary>Gets a node's arena from its socket.</summary>
public static class ArenaConnector
{
    /// <summary>Asks once; the connection is closed afterwards.</summary>
    /// <param name="socket">A path, or @name for a name in Linux's abstract namespace.</param>
    /// <param name="session">16 bytes, from OpenSession.</param>
    /// <returns>A view that the caller owns.</returns>
    /// <exception cref="ArenaRefusedException">The node does not hand it to this process.</exception>
    /// <exception cref="SocketException">Nobody serves there, as seen from this process's host or container.</exception>
    /// <exception cref="IOException">What serves there is no node.</exception>
    /// <exception cref="PosixException">The memory cannot be mapped.</exception>
    public static async Task<ArenaView> ConnectAsync(string socket, ReadOnlyMemory<byte> session, CancellationToken cancellationToken)
    {
        using var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var address = socket.StartsWith('@') ? "\0" + socket[1..] : socket;
        await connection.ConnectAsync(new UnixDomainSocketEndPoint(address), cancellationToken);
        await SendAsync(connection, ArenaHandover.Request(session.Span), cancellationToken);

        // A receive of no bytes ends when some have come.
        await connection.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken);
        var header = new byte[ArenaHandover.ReplyBytes];
        var received = DescriptorSocket.Receive(connection, header, out var descriptors);
        try
        {
            await FillAsync(connection, header.AsMemory(received), received > 0, cancellationToken);
            return await MapAsync(connection, header, descriptors, cancellationToken);
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

    private static async Task<ArenaView> MapAsync(
        Socket connection, byte[] header, SafeFileHandle[] descriptors, CancellationToken cancellationToken)
    {
        if (!ArenaHandover.TryReadReply(header, out var reply, out var textBytes))
            throw new IOException("What serves on the shared-memory socket is no PrefixCache node.");
        if (!reply.IsGranted)
        {
            var text = new byte[textBytes];
            await FillAsync(connection, text, true, cancellationToken);
            throw new ArenaRefusedException(System.Text.Encoding.UTF8.GetString(text));
        }

        if (descriptors.Length != ArenaHandover.Descriptors)
            throw new IOException($"The node sent {descriptors.Length} descriptors, {ArenaHandover.Descriptors} were due.");
        var view = ArenaView.Map(descriptors[0], descriptors[1], reply.IsWritable);
        if (view.ArenaId == reply.ArenaId && view.Bytes == reply.ArenaBytes) return view;
        view.Dispose();
        throw new IOException("The node sent other memory than it said.");
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
