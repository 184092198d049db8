using Google.Protobuf;
using PrefixCache.Client;
using PrefixCache.Client.Devices;
using PrefixCache.Client.Sessions;
using PrefixCache.Client.SharedMemory;
using PrefixCache.Client.Transfers;
using PrefixCache.Core.Memory;
using PrefixCache.Format.Devices;
using PrefixCache.Format.SharedMemory;
using PrefixCache.Protocol.V1;
using PrefixCache.TestDevices.HostMemory;
using KvLayout = PrefixCache.Format.Layouts.KvLayout;
using KvType = PrefixCache.Format.Layouts.KvType;
using ShardShape = PrefixCache.Format.Layouts.ShardShape;

namespace PrefixCache.UnitTests.Devices.Client;

/// <summary>
/// A node's two arenas made by hand, blocks in them, and a client without a node that has mapped both. Disposing it fails on anything that
/// the device was not given back.
/// </summary>
internal sealed class DeviceWorld : IAsyncDisposable
{
    public const int ChunkTokens = 16;
    public const int Heads = 2;

    private readonly Arena _host = Arena.Create(new ArenaOptions { CapacityBytes = 1 << 20 });
    private readonly ControlRegion _hostControl;
    private readonly HostMemoryDevice _node;
    private readonly IDeviceMemory _memory;
    private readonly ControlRegion _deviceControl;
    private readonly ArenaView _hostView;
    private readonly DeviceArenaView _deviceView;
    private readonly List<(int Position, BlockExtent Extent)> _onHost = [];
    private readonly List<(int Position, BlockExtent Extent)> _onDevice = [];
    private long _hostUsed = 4_096;
    private long _deviceUsed = 8_192;

    private DeviceWorld(HostMemoryGpu gpu)
    {
        Device = new HostMemoryDevice(gpu);
        _node = new HostMemoryDevice(gpu);
        _hostControl = ControlRegion.Create(_host, 64);
        const int deviceBytes = 300_000;
        _memory = _node.Allocate(deviceBytes);
        _deviceControl = ControlRegion.Create(Guid.NewGuid(), deviceBytes, 64);
        _hostView = ArenaView.Map(_hostControl.File.Handle, _host.File.Handle, writable: true);
        using var share = _memory.Export();
        _deviceView = DeviceArenaView.Map(_deviceControl.File.Handle, share, Device);
        Session = new NodeSession(new SessionOpened { Session = ByteString.CopyFrom(new byte[16]) }, _hostView,
            new DeviceSession(RegisteredArena.Of(Device, _hostView), _deviceView));
    }

    public static KvLayout Layout { get; } = KvLayout.Uniform("m", "r", KvType.BFloat16, 3, Heads, 12, ChunkTokens);

    public static ShardShape Shape => Layout.Shapes[0];

    public HostMemoryDevice Device { get; }

    public HostMemoryGpu Gpu => Device.Gpu;

    public NodeSession Session { get; }

    public PrefixCacheClient Client { get; private set; } = null!;

    /// <summary>What the client has said, but for its vain attempts to connect.</summary>
    public List<ClientEvent> Events { get; } = [];

    public Func<HitPlaces, HitPlaces> ChangePlaces { get; set; } = places => places;

    public static async Task<DeviceWorld> MakeAsync()
    {
        var world = new DeviceWorld(new HostMemoryGpu());
        world.Client = await PrefixCacheClient.ConnectAsync(
            new PrefixCacheClientOptions
            {
                Address = "http://127.0.0.1:1",
                Device = world.Device,
                MinReconnectDelay = TimeSpan.FromHours(1),
            },
            happened =>
            {
                if (happened.Kind != ClientEventKind.Disconnected) lock (world.Events) world.Events.Add(happened);
            });
        return world;
    }

    /// <summary>The byte of the sequence's KV.</summary>
    public static byte Kv(int segment, int token, int index) => (byte)((((segment * 977) + token) * 131) + (index * 7) + 1);

    /// <summary>Another one, which a reader must not take for it.</summary>
    public static byte Other(int segment, int token, int index) => (byte)(Kv(segment, token, index) ^ 0x55);

    /// <summary>Puts a chunk into the host arena and, on top of that, into the device's.</summary>
    /// <param name="hostValue">What the host's block holds.</param>
    public void Put(int position, int tokens, bool onDevice, Func<int, int, int, byte>? hostValue = null)
    {
        var payload = Payload(position, tokens, hostValue ?? Kv);
        payload.CopyTo(_host.Span(_hostUsed, payload.Length));
        _onHost.Add((position, Publish(_hostControl, ref _hostUsed, tokens, payload.Length)));
        if (!onDevice) return;
        Gpu.Write(_memory.Address + (ulong)_deviceUsed, Payload(position, tokens, Kv));
        _onDevice.Add((position, Publish(_deviceControl, ref _deviceUsed, tokens, payload.Length)));
    }

    /// <summary>Takes a block of the device back, and fills its place with other bytes.</summary>
    public void Retire(int position)
    {
        var extent = _onDevice.Single(block => block.Position == position).Extent;
        _deviceControl.Retire(extent.Entry);
        Gpu.Write(_memory.Address + (ulong)extent.Offset, Payload(position, extent.Tokens, Other));
    }

    public void RetireHost(int position) => _hostControl.Retire(_onHost.Single(block => block.Position == position).Extent.Entry);

    public HitRetriever Hit(int hitTokens)
    {
        var ticket = new ReservationTicket(1, Layout.Id.ToString(), hitTokens, hitTokens, ChunkTokens);
        var places = new HitPlaces(
            HitExtents.TryRead(HostMessage(), 0, Layout, hitTokens), DeviceHitExtents.TryRead(DeviceMessage(), 0, Layout, hitTokens));
        return new HitRetriever(Client, Session, Layout, ticket, ChangePlaces(places));
    }

    /// <summary>As the node would answer.</summary>
    public DeviceExtents DeviceMessage()
    {
        var message = new DeviceExtents { Arena = Id(_deviceControl) };
        foreach (var (position, extent) in _onDevice)
        {
            message.Positions.Add((uint)position);
            message.Offsets.Add((ulong)extent.Offset);
            message.Tokens.Add((uint)extent.Tokens);
            message.Entries.Add((uint)extent.Entry);
            message.Generations.Add(extent.Generation);
        }

        return message;
    }

    /// <summary>Likewise, of the host arena.</summary>
    public ShardExtents HostMessage()
    {
        var message = new ShardExtents { Arena = Id(_hostControl) };
        foreach (var (_, extent) in _onHost)
        {
            message.Offsets.Add((ulong)extent.Offset);
            message.Tokens.Add((uint)extent.Tokens);
            message.Entries.Add((uint)extent.Entry);
            message.Generations.Add(extent.Generation);
        }

        return message;
    }

    public byte[] HostBytes(long offset, int bytes) => _host.Span(offset, bytes).ToArray();

    public static byte[] Payload(int position, int tokens, Func<int, int, int, byte> value)
    {
        var payload = new byte[Shape.PayloadBytes(tokens)];
        for (var segment = 0; segment < Shape.Segments; segment++)
        {
            var bytes = Shape.SegmentBytesPerToken(segment);
            for (var i = 0; i < tokens * bytes; i++)
            {
                payload[Shape.SegmentOffset(segment, tokens) + i] = value(segment, (position * ChunkTokens) + (i / bytes), i % bytes);
            }
        }

        return payload;
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        _deviceView.Dispose();
        _hostView.Dispose();
        _memory.Dispose();
        _node.Dispose();
        Device.Dispose();
        _hostControl.Dispose();
        _deviceControl.Dispose();
        _host.Dispose();
        Assert.Empty(Gpu.Complaints);
    }

    private static BlockExtent Publish(ControlRegion control, ref long used, int tokens, int bytes)
    {
        Assert.True(control.TryTakeEntry(out var entry));
        var extent = new BlockExtent(used, tokens, entry, control.Publish(entry, used, bytes, 0, tokens, Shape.Segments));
        used += (bytes + 4_095) / 4_096 * 4_096;
        return extent;
    }

    private static unsafe ByteString Id(ControlRegion control) =>
        ByteString.CopyFrom(new ReadOnlySpan<byte>(control.File.Pointer + ControlRegionLayout.ArenaIdOffset, 16));
}
