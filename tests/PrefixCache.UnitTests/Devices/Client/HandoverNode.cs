using System.Net.Sockets;
using Google.Protobuf;
using PrefixCache.Core.Memory;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Posix;
using PrefixCache.Format.SharedMemory;
using PrefixCache.Protocol.V1;
using PrefixCache.TestDevices.HostMemory;

namespace PrefixCache.UnitTests.Devices.Client;

/// <summary>The socket of a node that hands out memory of a device, and the memory.</summary>
internal sealed class HandoverNode : IDisposable
{
    private const int Bytes = 100_000;

    private readonly string _address = $"@prefixcache-device-{Guid.NewGuid():N}";
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly HostMemoryDevice _device;
    private readonly IDeviceMemory _memory;
    private readonly Guid _id = Guid.NewGuid();
    private readonly ControlRegion _control;
    private readonly Task _serving;

    public HandoverNode(HostMemoryGpu gpu)
    {
        _device = new HostMemoryDevice(gpu);
        _memory = _device.Allocate(Bytes);
        _control = ControlRegion.Create(_id, Bytes, 8);
        _listener.Bind(new UnixDomainSocketEndPoint("\0" + _address[1..]));
        _listener.Listen();
        _serving = Task.Run(ServeAsync);
    }

    public ulong MemoryAddress => _memory.Address;

    /// <summary>The numbers of the devices that were asked for.</summary>
    public List<int> Requests { get; } = [];

    public Func<ArenaReply, ArenaReply> ChangeReply { get; set; } = reply => reply;

    public Guid OfferedArena { get; set; }

    /// <summary>What a session is told; the device is the second of two.</summary>
    public SessionOpened Opened(Guid? uuid = null) => new()
    {
        Session = ByteString.CopyFrom(new byte[16]),
        SharedMemory = new Protocol.V1.SharedMemory { Socket = _address, Arena = ByteString.CopyFrom(new byte[16]) },
        Devices =
        {
            new DeviceMemory { Uuid = Id(Guid.NewGuid()), Arena = Id(Guid.NewGuid()), Bytes = 1 },
            new DeviceMemory
            {
                Uuid = Id(uuid ?? _device.Identity.Uuid), Arena = Id(OfferedArena == default ? _id : OfferedArena), Bytes = Bytes,
            },
        },
    };

    public void Dispose()
    {
        _listener.Dispose();
        _serving.Wait();
        _control.Dispose();
        _memory.Dispose();
        _device.Dispose();
    }

    private static ByteString Id(Guid id) => ByteString.CopyFrom(id.ToByteArray(bigEndian: true));

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                using var peer = await _listener.AcceptAsync();
                var request = new byte[ArenaHandover.RequestBytes];
                for (var read = 0; read < request.Length;) read += await peer.ReceiveAsync(request.AsMemory(read));
                Assert.True(ArenaHandover.TryReadRequest(request, out _, out var device));
                Requests.Add(device);
                Answer(peer);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private void Answer(Socket peer)
    {
        using var share = _memory.Export();
        var reply = ChangeReply(
            new ArenaReply(true, false, _id, Bytes, _control.File.Length, "") { Handle = share.Handle });
        if (!reply.IsGranted) peer.Send(ArenaHandover.Reply(reply));
        else if (share.Descriptor is null) DescriptorSocket.Send(peer, ArenaHandover.Reply(reply), [_control.File.Handle]);
        else DescriptorSocket.Send(peer, ArenaHandover.Reply(reply), [_control.File.Handle, share.Descriptor]);
    }
}
