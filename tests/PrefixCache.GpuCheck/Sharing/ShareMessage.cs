using System.Buffers.Binary;
using System.Net.Sockets;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Posix;
using PrefixCache.GpuCheck.Processes;

namespace PrefixCache.GpuCheck.Sharing;

/// <summary>A share on its way from one process to another: its size, then a handle or zeros; a descriptor goes beside it.</summary>
internal static class ShareMessage
{
    private const int Bytes = sizeof(long) + DeviceShare.HandleBytes;
    private const int WaitMilliseconds = 30_000;

    /// <summary>An address that has no file and goes with its socket.</summary>
    public static UnixDomainSocketEndPoint Address(string name) => new("\0" + name);

    public static Socket NewSocket() =>
        new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = WaitMilliseconds };

    public static void Send(Socket connection, DeviceShare share)
    {
        var message = new byte[Bytes];
        BinaryPrimitives.WriteInt64LittleEndian(message, share.Bytes);
        share.Handle?.CopyTo(message, sizeof(long));
        if (share.Descriptor is { } descriptor) DescriptorSocket.Send(connection, message, [descriptor]);
        else connection.Send(message);
    }

    public static DeviceShare Receive(Socket connection)
    {
        connection.Poll(TimeSpan.FromMilliseconds(WaitMilliseconds), SelectMode.SelectRead);
        var message = new byte[Bytes];
        if (DescriptorSocket.Receive(connection, message, out var descriptors) != Bytes)
            throw new CheckException("The other process sent no share.");
        var bytes = BinaryPrimitives.ReadInt64LittleEndian(message);
        return descriptors.Length > 0 ? new DeviceShare(descriptors[0], bytes) : new DeviceShare(message[sizeof(long)..], bytes);
    }
}
