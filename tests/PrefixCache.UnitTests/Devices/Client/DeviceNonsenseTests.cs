using Google.Protobuf;
using PrefixCache.Client;
using PrefixCache.Client.Devices;
using PrefixCache.Protocol.V1;

namespace PrefixCache.UnitTests.Devices.Client;

/// <summary>A node whose extents look sound and name wrong places: nothing outside its memory is touched, and nothing wrong counts.</summary>
public sealed class DeviceNonsenseTests
{
    /// <summary>One less than two chunks, so that an extent of 15 tokens suffices.</summary>
    private const int Tokens = 31;

    [Theory]
    [InlineData("offset of another block")]
    [InlineData("offset beyond the end")]
    [InlineData("entry beyond the table")]
    [InlineData("odd generation")]
    [InlineData("old generation")]
    [InlineData("fewer tokens than the block")]
    public async Task Retrieve_ExtentThatDoesNotFitItsEntry_EndsInFrontOfIt(string what)
    {
        await using var world = await WorldAsync(message =>
        {
            switch (what)
            {
                case "offset of another block": message.Offsets[1] = message.Offsets[0]; break;
                case "offset beyond the end": message.Offsets[1] = 1ul << 40; break;
                case "entry beyond the table": message.Entries[1] = int.MaxValue; break;
                case "odd generation": message.Generations[1] |= 1; break;
                case "old generation": message.Generations[1] -= 2; break;
                default: message.Tokens[1]--; break;
            }
        });
        using var engine = DeviceEngine.Make("contiguous", world.Device, DeviceWorld.Shape, DeviceWorld.Heads, Tokens);

        var result = await world.Hit(Tokens).RetrieveAsync(engine.Kv, new TransferOptions(), Tokens, CancellationToken.None);

        Assert.Equal((16, 16L * DeviceWorld.Shape.BytesPerToken), (result.EndToken, result.Bytes));
        Assert.Contains("before it was copied", Assert.Single(world.Events).Reason, StringComparison.Ordinal);
        engine.AssertHolds(0, 16, DeviceWorld.Kv);
    }

    [Fact]
    public async Task Retrieve_ExtentsOfAnotherArena_ComesOutOfTheHosts()
    {
        await using var world = await WorldAsync(message => message.Arena = ByteString.CopyFrom(new byte[16]));
        using var engine = DeviceEngine.Make("contiguous", world.Device, DeviceWorld.Shape, DeviceWorld.Heads, Tokens);

        var result = await world.Hit(Tokens).RetrieveAsync(engine.Kv, new TransferOptions(), Tokens, CancellationToken.None);

        Assert.Equal((Tokens, TransferPlane.SharedMemory, 0L), (result.Tokens, result.Plane, result.DeviceBytes));
        engine.AssertHolds(0, Tokens, DeviceWorld.Kv);
    }

    private static async Task<DeviceWorld> WorldAsync(Action<DeviceExtents> change)
    {
        var world = await DeviceWorld.MakeAsync();
        world.Put(0, 16, onDevice: true);
        world.Put(1, 16, onDevice: true);
        var message = world.DeviceMessage();
        change(message);
        var read = DeviceHitExtents.TryRead(message, 0, DeviceWorld.Layout, Tokens);
        Assert.NotNull(read);
        world.ChangePlaces = places => places with { Device = read };
        return world;
    }
}
