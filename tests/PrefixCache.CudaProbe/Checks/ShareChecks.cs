using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Cuda;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.CudaProbe.Checks;

/// <summary>Memory that a second process maps, both ways.</summary>
internal static class ShareChecks
{
    /// <summary>No multiple of what devices hand out.</summary>
    public const int Bytes = (3 << 20) + 4096;

    /// <summary>The size of the memory, and a handle or zeros.</summary>
    public const int MessageBytes = sizeof(long) + DeviceShare.HandleBytes;

    public static void Run()
    {
        CheckOwnProcess();
        CheckOtherProcess(byHandles: false);
        CheckOtherProcess(byHandles: true);
    }

    private static void CheckOwnProcess()
    {
        using IDevice device = TestDevice.Open();
        using IDeviceStream stream = device.OpenStream();
        var noise = TestDevice.Noise(Bytes, 6);
        DeviceShare share;
        using (IDeviceMemory memory = device.Allocate(Bytes))
        {
            share = memory.Export();
            Expect.Equal(memory.Bytes, share.Bytes);
            stream.Write(memory.Address, noise);
        }

        using (share)
        using (IDeviceMemory mapped = device.Import(share)) // the descriptor has kept it
        {
            Expect.Same(noise, stream.Read(mapped.Address, Bytes));
            using DeviceShare again = mapped.Export();
            Expect.That(again.Descriptor!.DangerousGetHandle() != share.Descriptor!.DangerousGetHandle());
            using DeviceShare longer = new(again.Descriptor!, share.Bytes * 2);
            Expect.Throws<CudaException>(() => device.Import(longer));
        }

        using SafeFileHandle other = File.OpenHandle("/dev/null");
        using DeviceShare wrong = new(other, Bytes);
        Expect.Throws<CudaException>(() => device.Import(wrong));
    }

    private static void CheckOtherProcess(bool byHandles)
    {
        using IDevice device = TestDevice.Open(byHandles);
        using IDeviceStream stream = device.OpenStream();
        using IDeviceMemory memory = device.Allocate(Bytes);
        var noise = TestDevice.Noise(Bytes, 7);
        stream.Write(memory.Address, noise);
        var name = $"prefixcache-probe-{Guid.NewGuid():N}";
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint("\0" + name));
        listener.Listen();
        var way = byHandles ? "handle" : "descriptor";
        string[] arguments = ["exec", typeof(ShareChecks).Assembly.Location, "share-child", way, name, device.Identity.Uuid.ToString()];
        using Process child = Process.Start(Environment.ProcessPath!, arguments);
        Expect.Equal(true, listener.Poll(TimeSpan.FromSeconds(30), SelectMode.SelectRead), "coming of the second process");
        using Socket connection = listener.Accept();
        connection.ReceiveTimeout = 30_000;
        Send(connection, memory, byHandles);

        var answer = new byte[1];
        Expect.Equal(1, connection.Receive(answer));
        Expect.Same(TestDevice.Noise(Bytes, 8), stream.Read(memory.Address, Bytes));
        if (!byHandles) memory.Dispose(); // the second process reads it again
        connection.Send(answer);
        Expect.Equal(true, child.WaitForExit(30_000), "ending of the second process");
        Expect.Equal(0, child.ExitCode, "exit code of the second process");
    }

    private static void Send(Socket connection, IDeviceMemory memory, bool byHandles)
    {
        using DeviceShare share = memory.Export();
        Expect.Equal(byHandles, share.Handle is not null, "whether there is a handle");
        var message = new byte[MessageBytes];
        BinaryPrimitives.WriteInt64LittleEndian(message, share.Bytes);
        share.Handle?.CopyTo(message, sizeof(long));
        if (share.Descriptor is { } descriptor) DescriptorSocket.Send(connection, message, [descriptor]);
        else connection.Send(message);
    }
}
