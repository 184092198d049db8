using System.Buffers.Binary;
using System.Net.Sockets;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Cuda;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.CudaProbe.Checks;

/// <summary>The second process: maps the memory, looks at it, changes it, and looks again when its owner may have gone.</summary>
internal static class ShareChild
{
    public static void Run(string way, string name, Guid uuid)
    {
        using Socket connection = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 30_000 };
        connection.Connect(new UnixDomainSocketEndPoint("\0" + name));
        connection.Poll(TimeSpan.FromSeconds(30), SelectMode.SelectRead);
        var message = new byte[ShareChecks.MessageBytes];
        Expect.Equal(message.Length, DescriptorSocket.Receive(connection, message, out var descriptors));
        var bytes = BinaryPrimitives.ReadInt64LittleEndian(message);
        Expect.Equal(way == "descriptor" ? 1 : 0, descriptors.Length);

        using IDevice device = CudaDriver.Instance.Open(uuid);
        using IDeviceStream stream = device.OpenStream();
        using DeviceShare share = way == "descriptor" ? new(descriptors[0], bytes) : new(message[sizeof(long)..], bytes);
        using IDeviceMemory memory = device.Import(share);
        share.Dispose(); // the mapping needs it no more
        Expect.Equal(bytes, memory.Bytes);
        Expect.Same(TestDevice.Noise(ShareChecks.Bytes, 7), stream.Read(memory.Address, ShareChecks.Bytes));
        stream.Write(memory.Address, TestDevice.Noise(ShareChecks.Bytes, 8));
        connection.Send(new byte[1]);
        Expect.Equal(1, connection.Receive(new byte[1]));
        Expect.Same(TestDevice.Noise(ShareChecks.Bytes, 8), stream.Read(memory.Address, ShareChecks.Bytes));
        if (way == "handle") Expect.Throws<DeviceException>(() => memory.Export());
    }
}
