using Google.Protobuf;
using PrefixCache.Client.Devices;
using PrefixCache.Client.SharedMemory;
using PrefixCache.Protocol.V1;

namespace PrefixCache.UnitTests.Devices.Client;

/// <summary>Where a node says that a hit lies in a device's memory: what makes no sense is not used.</summary>
public sealed class DeviceHitExtentsTests
{
    private const int HitTokens = 40; // two chunks and a half

    [Fact]
    public void TryRead_Sound_FindsWhatLiesThere()
    {
        var extents = Read(_ => { });

        Assert.NotNull(extents);
        Assert.Equal(new Guid("01010101-0101-0101-0101-010101010101"), extents.ArenaId);
        Assert.Equal((new BlockExtent(4_096, 16, 3, 6), null, new BlockExtent(8_192, 9, 4, 8)), (extents[0], extents[1], extents[2]));
    }

    public static TheoryData<string> Nonsense =>
    [
        "nothing", "shard", "arena", "position beyond the hit", "position beyond an int", "positions falling", "position twice",
        "few tokens", "many tokens", "entry beyond an int", "offset beyond a long", "offset too many", "token missing", "entry missing",
        "generation missing",
    ];

    [Theory]
    [MemberData(nameof(Nonsense))]
    public void TryRead_Nonsense_IsNull(string what) => Assert.Null(Read(message =>
    {
        switch (what)
        {
            case "nothing":
                message.Positions.Clear();
                message.Offsets.Clear();
                message.Tokens.Clear();
                message.Entries.Clear();
                message.Generations.Clear();
                break;
            case "shard": message.Shard = 1; break;
            case "arena": message.Arena = ByteString.CopyFrom(new byte[15]); break;
            case "position beyond the hit": message.Positions[1] = 3; break;
            case "position beyond an int": message.Positions[1] = uint.MaxValue; break;
            case "positions falling": (message.Positions[0], message.Positions[1]) = (2, 0); break;
            case "position twice": message.Positions[1] = 0; break;
            case "few tokens": message.Tokens[1] = 7; break;
            case "many tokens": message.Tokens[0] = 17; break;
            case "entry beyond an int": message.Entries[0] = 1u << 31; break;
            case "offset beyond a long": message.Offsets[0] = 1ul << 63; break;
            case "offset too many": message.Offsets.Add(0); break;
            case "token missing": message.Tokens.RemoveAt(1); break;
            case "entry missing": message.Entries.RemoveAt(1); break;
            case "generation missing": message.Generations.RemoveAt(1); break;
            default: throw new ArgumentOutOfRangeException(nameof(what), what, null);
        }
    }));

    private static DeviceHitExtents? Read(Action<DeviceExtents> change)
    {
        var message = new DeviceExtents
        {
            Arena = ByteString.CopyFrom([.. Enumerable.Repeat((byte)1, 16)]),
            Positions = { 0, 2 },
            Offsets = { 4_096, 8_192 },
            Tokens = { 16, 9 },
            Entries = { 3, 4 },
            Generations = { 6, 8 },
        };
        change(message);
        return DeviceHitExtents.TryRead(message, 0, DeviceWorld.Layout, HitTokens);
    }
}
