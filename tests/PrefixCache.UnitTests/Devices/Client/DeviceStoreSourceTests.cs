using PrefixCache.Client;
using PrefixCache.Client.Devices;
using PrefixCache.Grpc;
using PrefixCache.TestDevices.HostMemory;

namespace PrefixCache.UnitTests.Devices.Client;

/// <summary>KV out of a device's memory: into the arena, or into memory that is sent.</summary>
public sealed class DeviceStoreSourceTests
{
    private const int Tokens = 43;
    private const int Offset = 1 << 16;

    public static TheoryData<string> Kinds => [.. DeviceEngine.Kinds];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Write_AnyMemory_PutsTheChunkIntoTheArenaAndNothingElse(string kind)
    {
        await using var world = await DeviceWorld.MakeAsync();
        using var engine = Engine(world, kind);
        using var source = Source(world, engine);

        foreach (var (first, tokens) in ((int, int)[])[(16, 16), (32, 11)])
        {
            Assert.Empty(source.Write(world.Session.Arena!, Offset, DeviceWorld.Shape, first, tokens));

            var payload = DeviceWorld.Payload(first / 16, tokens, DeviceWorld.Kv);
            Assert.Equal(payload, world.HostBytes(Offset, payload.Length));
        }

        var before = world.HostBytes(0, Offset);
        Assert.Equal(-1, before.AsSpan().IndexOfAnyExcept((byte)0));
        Assert.Equal(0, world.Gpu.Counts.UnregisteredCopies);
    }

    [Fact]
    public async Task Write_CopyUnderWay_ReturnsAfterItsEnd()
    {
        await using var world = await DeviceWorld.MakeAsync();
        using var engine = Engine(world, "contiguous");
        using var source = Source(world, engine);
        world.Gpu.Gate.Close();

        var writing = Task.Run(() => source.Write(world.Session.Arena!, Offset, DeviceWorld.Shape, 0, 16));
        world.Gpu.Gate.WaitUntilHeld();
        Assert.False(writing.IsCompleted);
        world.Gpu.Gate.Open();
        await writing;

        Assert.Equal(0, world.Gpu.Counts.CopiesUnderWay);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Read_AnyMemory_GivesTheChunkInHostMemory(string kind)
    {
        await using var world = await DeviceWorld.MakeAsync();
        using var engine = Engine(world, kind);
        using var source = Source(world, engine);

        foreach (var (first, tokens) in ((int, int)[])[(0, 16), (32, 11)])
        {
            var memory = source.Read(DeviceWorld.Shape, first, tokens);

            for (var segment = 0; segment < DeviceWorld.Shape.Segments; segment++)
            {
                var tile = memory.GetTile(segment, first + 2, tokens - 2);
                Assert.Equal(tokens - 2, tile.Tokens);
                Assert.Equal(DeviceWorld.Kv(segment, first + tokens - 1, 5), tile.Memory.Span[((tokens - 3) * tile.TokenStride) + 5]);
            }
        }
    }

    [Theory]
    [InlineData(DeviceCall.OpenStream, 0)]
    [InlineData(DeviceCall.Copy, 0)]
    [InlineData(DeviceCall.Copy, 2)]
    [InlineData(DeviceCall.RunCopy, 1)]
    [InlineData(DeviceCall.Record, 0)]
    public async Task Write_DeviceFails_EndsTheStoreWhenNothingIsWrittenAnyMore(DeviceCall call, int skip)
    {
        await using var world = await DeviceWorld.MakeAsync();
        using var engine = Engine(world, "scattered");
        using var source = Source(world, engine);
        world.Gpu.Faults.Fail(call, skip);

        var exception = Assert.Throws<RpcException>(() => source.Write(world.Session.Arena!, Offset, DeviceWorld.Shape, 0, 16));

        Assert.Equal(StatusCode.Aborted, exception.Status);
        Assert.Equal(0, world.Gpu.Counts.CopiesUnderWay);
        Assert.Equal(ClientEventKind.DeviceOff, Assert.Single(world.Events).Kind);
        Assert.Throws<RpcException>(() => source.Read(DeviceWorld.Shape, 0, 16));
        world.Gpu.Faults.Mend();
    }

    [Fact]
    public async Task Write_ArenaThatTheDeviceDoesNotKnow_EndsTheStore()
    {
        await using var world = await DeviceWorld.MakeAsync();
        using var engine = Engine(world, "contiguous");
        using var source = new DeviceStoreSource(world.Client.Device!, null, engine.Kv, 16);

        Assert.Throws<RpcException>(() => source.Write(world.Session.Arena!, Offset, DeviceWorld.Shape, 0, 16));
    }

    private static DeviceStoreSource Source(DeviceWorld world, DeviceEngine engine) =>
        new(world.Client.Device!, world.Session.Device!.Host, engine.Kv, DeviceWorld.ChunkTokens);

    private static DeviceEngine Engine(DeviceWorld world, string kind)
    {
        var engine = DeviceEngine.Make(kind, world.Device, DeviceWorld.Shape, DeviceWorld.Heads, Tokens);
        engine.Fill(Tokens, DeviceWorld.Kv);
        return engine;
    }
}
