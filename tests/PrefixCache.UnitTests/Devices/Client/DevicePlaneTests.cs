using PrefixCache.Client;
using PrefixCache.Client.Devices;
using PrefixCache.Core.Memory;
using PrefixCache.Format.Devices;
using PrefixCache.Format.SharedMemory;
using PrefixCache.TestDevices.HostMemory;

namespace PrefixCache.UnitTests.Devices.Client;

/// <summary>How a session gets the node's memory on its device, and what becomes of it when it cannot.</summary>
public sealed class DevicePlaneTests : IDisposable
{
    private readonly Arena _arena = Arena.Create(new ArenaOptions { CapacityBytes = 1 << 20 });
    private readonly ControlRegion _control;
    private readonly List<ClientEvent> _events = [];
    private HostMemoryGpu _gpu = new();

    public DevicePlaneTests() => _control = ControlRegion.Create(_arena, 8);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Attach_NodeHasMemoryThere_MapsIt(bool byHandle)
    {
        _gpu = new HostMemoryGpu(new HostMemoryOptions { ExportsHandles = byHandle });
        await WithPlaneAsync(async (plane, arena) =>
        {
            using var node = new HandoverNode(_gpu);
            var session = await plane.AttachAsync(node.Opened(), arena, Cancellation);

            Assert.NotNull(session?.Arena);
            _gpu.Write(node.MemoryAddress + 77, [42]);
            Assert.Equal(42, _gpu.Read(session.Arena.Address(77, 1), 1)[0]);
            Assert.Throws<ArgumentOutOfRangeException>(() => session.Arena.Address(99_999, 2));
            Assert.Equal([2], node.Requests);
            Assert.Equal(ClientEventKind.DeviceMemory, Assert.Single(_events).Kind);
        });
    }

    [Fact]
    public async Task Attach_NextSessionOfTheSameNode_AsksAgainAndKeepsTheMapping() => await WithPlaneAsync(async (plane, arena) =>
    {
        using var node = new HandoverNode(_gpu);
        var first = await plane.AttachAsync(node.Opened(), arena, Cancellation);
        var second = await plane.AttachAsync(node.Opened(), arena, Cancellation);

        Assert.Same(first!.Arena, second!.Arena);
        Assert.Same(first.Host, second.Host);
        Assert.Equal([2, 2], node.Requests);
        Assert.Equal(1, _gpu.Counts.Imports);
    });

    [Fact]
    public async Task Attach_AnotherNode_MapsAnewAndDropsTheOldAfterTheLastCopy() => await WithPlaneAsync(async (plane, arena) =>
    {
        using var node = new HandoverNode(_gpu);
        using var other = new HandoverNode(_gpu);
        var old = (await plane.AttachAsync(node.Opened(), arena, Cancellation))!.Arena!;
        Assert.True(old.TryAcquire());

        var current = (await plane.AttachAsync(other.Opened(), arena, Cancellation))!.Arena!;

        Assert.NotEqual(old.ArenaId, current.ArenaId);
        Assert.Equal(2, _gpu.Counts.Imports);
        Assert.False(old.TryAcquire());
        old.Release();
        Assert.Equal(1, _gpu.Counts.Imports);
    });

    [Fact]
    public async Task Attach_NodeHasNoMemoryThere_SharesTheHostsAlone() => await WithPlaneAsync(async (plane, arena) =>
    {
        using var node = new HandoverNode(_gpu);

        var session = await plane.AttachAsync(node.Opened(Guid.NewGuid()), arena, Cancellation);

        Assert.Null(session!.Arena);
        Assert.Empty(node.Requests);
        Assert.Empty(_events);
    });

    [Fact]
    public async Task Attach_NothingIsShared_IsNoPlane() => await WithPlaneAsync(async (plane, _) =>
    {
        using var node = new HandoverNode(_gpu);

        Assert.Null(await plane.AttachAsync(node.Opened(), null, Cancellation));
        Assert.Empty(node.Requests);
    });

    [Theory]
    [InlineData("refusal", "Do otherwise.")]
    [InlineData("other arena", "other memory than it said")]
    [InlineData("other size", "other memory than it said")]
    [InlineData("larger", "")]
    [InlineData("other offer", "other memory than it had offered")]
    [InlineData("handle", "descriptors, 1 were due")]
    public Task Attach_NodeRefusesOrAnswersWrongly_SaysSoAndGoesOn(string what, string reason) => WithPlaneAsync(async (plane, arena) =>
    {
        using var node = new HandoverNode(_gpu);
        node.ChangeReply = reply => what switch
        {
            "refusal" => ArenaReply.Refused("Do otherwise."),
            "other arena" => reply with { ArenaId = Guid.NewGuid() },
            "other size" => reply with { ArenaBytes = 100_001 },
            "larger" => reply with { ArenaBytes = 1L << 40 },
            "handle" => reply with { Handle = new byte[64] },
            _ => reply,
        };
        if (what == "other offer") node.OfferedArena = Guid.NewGuid();

        var session = await plane.AttachAsync(node.Opened(), arena, Cancellation);

        Assert.NotNull(session);
        Assert.Null(session.Arena);
        var off = Assert.Single(_events, happened => happened.Kind == ClientEventKind.DeviceOff);
        Assert.Contains(reason, off.Reason, StringComparison.Ordinal);
        Assert.Null(plane.Failure);
        Assert.Equal(0, _gpu.Counts.Imports);
    });

    [Fact]
    public async Task Attach_DeviceCannotMapIt_SaysSoAndGoesOn() => await WithPlaneAsync(async (plane, arena) =>
    {
        using var node = new HandoverNode(_gpu);
        _gpu.Faults.Refuse(DeviceCall.Import, times: 1);

        Assert.Null((await plane.AttachAsync(node.Opened(), arena, Cancellation))!.Arena);
        Assert.Equal(ClientEventKind.DeviceOff, Assert.Single(_events).Kind);
        Assert.NotNull((await plane.AttachAsync(node.Opened(), arena, Cancellation))!.Arena);
    });

    [Fact]
    public async Task Attach_DeviceHasFailed_IsNoPlane() => await WithPlaneAsync(async (plane, arena) =>
    {
        using var node = new HandoverNode(_gpu);
        plane.Fail(new DeviceException("Gone."));
        plane.Fail(new DeviceException("Gone again."));

        Assert.Null(await plane.AttachAsync(node.Opened(), arena, Cancellation));
        Assert.Contains("Gone.", Assert.Single(_events).Reason, StringComparison.Ordinal);
        Assert.Empty(node.Requests);
    });

    public void Dispose()
    {
        _control.Dispose();
        _arena.Dispose();
    }

    private async Task WithPlaneAsync(Func<DevicePlane, ArenaView, Task> test)
    {
        using (var device = new HostMemoryDevice(_gpu))
        using (var arena = ArenaView.Map(_control.File.Handle, _arena.File.Handle, writable: true))
        using (var plane = new DevicePlane(device, TimeSpan.FromSeconds(30), happened => _events.Add(happened)))
        {
            await test(plane, arena);
        }

        Assert.Empty(_gpu.Complaints);
    }
}
