using Google.Protobuf;
using PrefixCache.Client;
using PrefixCache.Client.Memory;
using PrefixCache.Client.SharedMemory;
using PrefixCache.TestDevices.HostMemory;

namespace PrefixCache.UnitTests.Devices.Client;

/// <summary>Hits into the memory of a device: the right bytes, and none that count wrongly.</summary>
public sealed class DeviceHitTests
{
    private const int Tokens = 72; // four chunks and a half

    public static TheoryData<string> Kinds => [.. DeviceEngine.Kinds];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Retrieve_OutOfBothMemories_PutsTokensInPlaceAndNothingElse(string kind)
    {
        await using var world = await WorldAsync(1, 2, 4);
        (int, int, bool)[] parts = [(0, Tokens, false), (0, Tokens, true), (5, 70, false), (21, 30, true), (16, 32, false)];
        foreach (var (first, end, byLayer) in parts)
        {
            using var engine = DeviceEngine.Make(kind, world.Device, DeviceWorld.Shape, DeviceWorld.Heads, Tokens);
            var options = new TransferOptions { FirstToken = first, EndToken = end, LayerOrder = byLayer };

            var result = await world.Hit(Tokens).RetrieveAsync(engine.Kv, options, end, CancellationToken.None);

            var bytes = (long)(end - first) * DeviceWorld.Shape.BytesPerToken;
            Assert.Equal((end, end - first, bytes), (result.EndToken, result.Tokens, result.Bytes));
            engine.AssertHolds(first, end, DeviceWorld.Kv);
        }

        Assert.Empty(world.Events);
        Assert.Equal(0, world.Gpu.Counts.UnregisteredCopies);
    }

    [Fact]
    public async Task Retrieve_OutOfBothMemories_TellsWhatEachBrought()
    {
        // Were the host's blocks of these chunks read, wrong bytes would come.
        await using var world = await WorldAsync([1, 2, 4], DeviceWorld.Other);
        using var engine = Contiguous(world);

        var result = await world.Hit(Tokens).RetrieveAsync(engine.Kv, new TransferOptions(), Tokens, CancellationToken.None);

        var bytes = DeviceWorld.Shape.BytesPerToken;
        Assert.Equal(TransferPlane.Device, result.Plane);
        Assert.Equal(40L * bytes, result.DeviceBytes);
        Assert.Equal([(TransferPlane.Device, 40, 40L * bytes), (TransferPlane.SharedMemory, 32, 32L * bytes)],
            result.Loads.Select(load => (load.Plane, load.Tokens, load.Bytes)));
        engine.AssertHolds(0, Tokens, DeviceWorld.Kv);
        Assert.Equal((3, 2), (world.Gpu.Counts.CopiesWithin, world.Gpu.Counts.CopiesUp));
    }

    [Theory]
    [InlineData(TransferSource.Host, Tokens, 0)]
    [InlineData(TransferSource.Device, 32, 32)]
    public async Task Retrieve_OutOfOneMemory_LeavesTheOther(TransferSource source, int end, int deviceTokens)
    {
        await using var world = await WorldAsync(0, 1, 3);
        using var engine = Contiguous(world);

        var options = new TransferOptions { Source = source };
        var result = await world.Hit(Tokens).RetrieveAsync(engine.Kv, options, Tokens, CancellationToken.None);

        Assert.Equal((end, (long)deviceTokens * DeviceWorld.Shape.BytesPerToken), (result.EndToken, result.DeviceBytes));
        engine.AssertHolds(0, end, DeviceWorld.Kv);
    }

    [Fact]
    public async Task Retrieve_DeviceAloneAndNothingThere_IsAMissThatSaysSo()
    {
        await using var world = await WorldAsync(2);
        using var engine = Contiguous(world);

        var options = new TransferOptions { Source = TransferSource.Device };
        var result = await world.Hit(Tokens).RetrieveAsync(engine.Kv, options, Tokens, CancellationToken.None);

        Assert.Equal((0, 0), (result.EndToken, result.Tokens));
        Assert.Contains("does not lie in the memory of this process's", Assert.Single(world.Events).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Retrieve_RestOfTheHitInNoMemoryThatIsMapped_IsAskedForAsAStream()
    {
        await using var world = await WorldAsync(0, 1, 2);
        var message = world.HostMessage();
        message.Arena = ByteString.CopyFrom(new byte[16]);
        world.ChangePlaces = places => places with { Host = HitExtents.TryRead(message, 0, DeviceWorld.Layout, Tokens) };
        using var engine = Contiguous(world);

        // There is no node to answer.
        var result = await world.Hit(Tokens).RetrieveAsync(engine.Kv, new TransferOptions(), Tokens, CancellationToken.None);

        Assert.Equal((0, 0L), (result.Tokens, world.Gpu.Counts.CopiesWithin));
        Assert.Equal((ClientEventKind.CallFailed, "Retrieve"), (Assert.Single(world.Events).Kind, world.Events[0].Operation));
    }

    [Fact]
    public async Task Retrieve_FromTheDeviceIntoHostMemory_CopiesDown()
    {
        await using var world = await WorldAsync(0, 1, 2, 3, 4);
        var memory = new byte[DeviceWorld.Shape.PayloadBytes(Tokens)];
        var destination = new ContiguousKvMemory(memory, DeviceWorld.Shape, Tokens);

        var options = new TransferOptions { Source = TransferSource.Device };
        var result = await world.Hit(Tokens).RetrieveAsync(destination, options, Tokens, CancellationToken.None);

        Assert.Equal((Tokens, TransferPlane.Device), (result.EndToken, result.Plane));
        Assert.Equal(DeviceWorld.Payload(0, Tokens, DeviceWorld.Kv), memory);
        Assert.Equal(world.Gpu.Counts.CopiesDown, world.Gpu.Counts.UnregisteredCopies);
    }

    [Theory]
    [InlineData(false, 16)]
    [InlineData(true, 0)]
    public async Task Retrieve_BlockTakenBackBeforeItsCopy_EndsInFrontOfIt(bool byLayer, int end)
    {
        await using var world = await WorldAsync(1, 2);
        var hit = world.Hit(Tokens);
        world.Retire(1);
        using var engine = Contiguous(world);

        var result = await hit.RetrieveAsync(engine.Kv, new TransferOptions { LayerOrder = byLayer }, Tokens, CancellationToken.None);

        Assert.Equal((end, end, (long)end * DeviceWorld.Shape.BytesPerToken), (result.EndToken, result.Tokens, result.Bytes));
        Assert.Contains("before it was copied", Assert.Single(world.Events).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, false, 32)]
    [InlineData(true, false, 0)]
    [InlineData(false, true, 48)]
    public async Task Retrieve_BlockTakenBackWhileItIsCopied_EndsInFrontOfIt(bool byLayer, bool ofTheHost, int end)
    {
        await using var world = await WorldAsync(1, 2);
        using var engine = Contiguous(world);
        world.Gpu.Gate.Close();
        var hit = world.Hit(Tokens);
        var retrieving = Task.Run(async () =>
            await hit.RetrieveAsync(engine.Kv, new TransferOptions { LayerOrder = byLayer }, Tokens, CancellationToken.None));
        world.Gpu.Gate.WaitUntilHeld(2);

        if (ofTheHost) world.RetireHost(3);
        else world.Retire(2);
        world.Gpu.Gate.Open();
        var result = await retrieving;

        Assert.Equal((end, end, (long)end * DeviceWorld.Shape.BytesPerToken), (result.EndToken, result.Tokens, result.Bytes));
        Assert.Contains("while it was copied", Assert.Single(world.Events).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Retrieve_Cancelled_ReturnsWhenNothingIsCopiedAnyMore()
    {
        await using var world = await WorldAsync(0, 1, 2, 3, 4);
        using var engine = Contiguous(world);
        using var cancellation = new CancellationTokenSource();
        world.Gpu.Gate.Close();
        var calls = 0;
        var memory = new CallingMemory(engine.Kv, () =>
        {
            if (++calls == DeviceWorld.Shape.Segments) cancellation.Cancel();
        });
        var hit = world.Hit(Tokens);
        var retrieving = Task.Run(async () => await hit.RetrieveAsync(memory, new TransferOptions(), Tokens, cancellation.Token));
        world.Gpu.Gate.WaitUntilHeld();
        Assert.False(retrieving.IsCompleted);

        world.Gpu.Gate.Open();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => retrieving);
        Assert.Equal((0, 1), (world.Gpu.Counts.CopiesUnderWay, world.Gpu.Counts.CopiesWithin));
    }

    [Theory]
    [InlineData(DeviceCall.OpenStream, 0)]
    [InlineData(DeviceCall.OpenStream, 1)]
    [InlineData(DeviceCall.Copy, 0)]
    [InlineData(DeviceCall.Copy, 3)]
    [InlineData(DeviceCall.RunCopy, 0)]
    [InlineData(DeviceCall.RunCopy, 4)]
    [InlineData(DeviceCall.Record, 0)]
    [InlineData(DeviceCall.Record, 1)]
    public async Task Retrieve_DeviceFails_IsAMissAndTheEndOfTheDevice(DeviceCall call, int skip)
    {
        await using var world = await WorldAsync(1, 2);
        using var engine = Contiguous(world);
        world.Gpu.Faults.Fail(call, skip);

        var result = await world.Hit(Tokens).RetrieveAsync(engine.Kv, new TransferOptions(), Tokens, CancellationToken.None);
        var later = await world.Hit(Tokens).RetrieveAsync(engine.Kv, new TransferOptions(), Tokens, CancellationToken.None);
        var memory = new byte[DeviceWorld.Shape.PayloadBytes(Tokens)];
        var host = await world.Hit(Tokens).RetrieveAsync(
            new ContiguousKvMemory(memory, DeviceWorld.Shape, Tokens), new TransferOptions(), Tokens, CancellationToken.None);

        Assert.Equal((0, 0L, 0), (result.Tokens, result.Bytes, later.Tokens));
        Assert.Equal(
            [ClientEventKind.DeviceOff, ClientEventKind.CallFailed, ClientEventKind.CallFailed], world.Events.Select(one => one.Kind));
        Assert.Equal((Tokens, TransferPlane.SharedMemory), (host.Tokens, host.Plane));
        Assert.Equal(DeviceWorld.Payload(0, Tokens, DeviceWorld.Kv), memory);
        world.Gpu.Faults.Mend();
    }

    [Fact]
    public async Task Retrieve_DeviceLacksMemory_IsAMissAndNoMore()
    {
        await using var world = await WorldAsync(1, 2);
        using var engine = Contiguous(world);
        world.Gpu.Faults.Refuse(DeviceCall.OpenStream, times: 1, isOutOfMemory: true);

        var result = await world.Hit(Tokens).RetrieveAsync(engine.Kv, new TransferOptions(), Tokens, CancellationToken.None);
        var later = await world.Hit(Tokens).RetrieveAsync(engine.Kv, new TransferOptions(), Tokens, CancellationToken.None);

        Assert.Equal((0, Tokens), (result.Tokens, later.Tokens));
        Assert.Equal([ClientEventKind.CallFailed], world.Events.Select(one => one.Kind));
    }

    [Fact]
    public async Task Retrieve_HostMemoryCannotBeRegistered_GoesOnWithout()
    {
        await using var world = await WorldAsync(1, 2);
        using var engine = Contiguous(world);
        world.Gpu.Faults.Refuse(DeviceCall.Register);

        var result = await world.Hit(Tokens).RetrieveAsync(engine.Kv, new TransferOptions(), Tokens, CancellationToken.None);

        Assert.Equal(Tokens, result.Tokens);
        engine.AssertHolds(0, Tokens, DeviceWorld.Kv);
        Assert.Empty(world.Events);
    }

    [Fact]
    public async Task Retrieve_OfManyAtATime_UsesStreamsOfItsOwn()
    {
        await using var world = await WorldAsync(1, 2);
        var engines = Enumerable.Range(0, 8).Select(_ => Contiguous(world)).ToList();

        // One transfer at a time into one memory.
        await Task.WhenAll(engines.Select(engine => Task.Run(async () =>
        {
            for (var i = 0; i < 30; i++)
            {
                var result = await world.Hit(Tokens).RetrieveAsync(engine.Kv, new TransferOptions(), Tokens, CancellationToken.None);
                Assert.Equal(Tokens, result.Tokens);
            }
        })));

        Assert.InRange(world.Gpu.Counts.Streams, 2, 2 * engines.Count);
        engines.ForEach(engine => engine.AssertHolds(0, Tokens, DeviceWorld.Kv));
        engines.ForEach(engine => engine.Dispose());
    }

    [Fact]
    public async Task Retrieve_TileThatIsNoneOfTheLayout_ThrowsAndCopiesNothing()
    {
        await using var world = await WorldAsync(0);
        var wrong = new FixedTile(new DeviceTile(new DeviceRange(4_096, 100), 1, 4, 4));

        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
            await world.Hit(Tokens).RetrieveAsync(wrong, new TransferOptions(), Tokens, CancellationToken.None));

        Assert.Equal(0, world.Gpu.Counts.CopiesWithin);
        Assert.Empty(world.Gpu.Violations);
    }

    private static DeviceEngine Contiguous(DeviceWorld world) =>
        DeviceEngine.Make("contiguous", world.Device, DeviceWorld.Shape, DeviceWorld.Heads, Tokens);

    private static Task<DeviceWorld> WorldAsync(params int[] onDevice) => WorldAsync(onDevice, DeviceWorld.Kv);

    /// <summary>The last block has more tokens than the hit.</summary>
    private static async Task<DeviceWorld> WorldAsync(int[] onDevice, Func<int, int, int, byte> hostValue)
    {
        var world = await DeviceWorld.MakeAsync();
        for (var position = 0; position < 5; position++)
        {
            var isThere = onDevice.Contains(position);
            world.Put(position, position == 4 ? 11 : DeviceWorld.ChunkTokens, isThere, isThere ? hostValue : null);
        }

        return world;
    }

    private sealed class FixedTile(DeviceTile tile) : IDeviceKvMemory
    {
        public DeviceTile GetTile(int segment, int firstToken, int tokens) => tile;
    }

    private sealed class CallingMemory(IDeviceKvMemory inner, Action called) : IDeviceKvMemory
    {
        public DeviceTile GetTile(int segment, int firstToken, int tokens)
        {
            called();
            return inner.GetTile(segment, firstToken, tokens);
        }
    }
}
