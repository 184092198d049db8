using PrefixCache.Core.Tiers.Gpu;
using PrefixCache.Format.Devices;
using PrefixCache.TestDevices.HostMemory;

namespace PrefixCache.UnitTests.Gpu;

/// <summary>A device that is not there, has no memory, or fails: the node goes on without it.</summary>
public sealed class DeviceFailureTests
{
    private static readonly uint[] Tokens = TokenList.Count(32);

    [Fact]
    public void Start_WithoutADriver_GoesOnAndSaysWhy()
    {
        using var node = new GpuNode(driver: new HostMemoryDriver { Absence = "no driver here" });
        Assert.Empty(node.Node.Gpu!.Devices);
        Assert.Equal(["no driver here"], node.Node.Gpu.Refused);
        AssertServes(node);
    }

    [Fact]
    public void Start_MoreThanTheDeviceHasFree_SaysHowMuchMayBeTaken()
    {
        var driver = new HostMemoryDriver(new HostMemoryOptions { CapacityBytes = 1 << 20 });
        using var node = new GpuNode(gpuPages: 1024, driver: driver);
        Assert.Empty(node.Node.Gpu!.Devices);
        Assert.Contains("gpu-capacity is 4MiB and 1MiB are free, of which 0MiB may be taken", Assert.Single(node.Node.Gpu.Refused),
            StringComparison.Ordinal);
        AssertServes(node);
    }

    [Fact]
    public void Start_OutOfMemoryAtTheLastMoment_IsRefusedWithoutALeak()
    {
        var driver = new HostMemoryDriver();
        driver.Gpu.Faults.Refuse(DeviceCall.Allocate, isOutOfMemory: true);
        using var node = new GpuNode(driver: driver);
        Assert.Contains(DeviceCall.Allocate.ToString(), Assert.Single(node.Node.Gpu!.Refused), StringComparison.Ordinal);
        AssertServes(node);
    }

    [Fact]
    public void Start_AShare_TakesThatPartOfWhatIsFreeAndLeavesHeadroom()
    {
        Assert.True(new GpuCapacity(0, 0.1).TryResolve(100 << 20, 128 << 20, out var bytes, out _));
        Assert.Equal((long)((100 << 20) * 0.1), bytes);
        Assert.True(new GpuCapacity(0, 1).TryResolve(100 << 20, 128 << 20, out bytes, out var usable));
        Assert.Equal((usable, (100 << 20) - (long)((128 << 20) * 0.05)), (bytes, bytes));
        Assert.False(new GpuCapacity(100 << 20).TryResolve(100 << 20, 128 << 20, out _, out _));
    }

    [Theory]
    [InlineData(DeviceCall.OpenStream)]
    [InlineData(DeviceCall.Copy)]
    [InlineData(DeviceCall.RunCopy)]
    [InlineData(DeviceCall.Record)]
    public void Promote_DeviceFails_TheTierIsOffWithItsCauseAndTheNodeServes(DeviceCall call)
    {
        using var node = new GpuNode();
        var lost = new List<(DeviceIdentity Device, string Cause)>();
        node.Node.Gpu!.Lost += (device, cause) => lost.Add((device, cause));
        node.Put(Tokens);
        node.Gpu.Faults.Fail(call);
        for (var i = 0; i < 2; i++) node.Test.Done(node.Session, node.Lookup(node.Session, Tokens));
        Assert.True(SpinWait.SpinUntil(() => !node.Now.IsOn && node.Test.Now.Leases == 0, TimeSpan.FromSeconds(20)));
        Assert.Contains("as the test asked", node.Now.Cause, StringComparison.Ordinal);
        Assert.Equal(node.Now.Cause, Assert.Single(lost).Cause);
        AssertServes(node);
        Assert.Null(node.Lookup(node.Session, Tokens).Located[0].Gpu);
    }

    [Fact]
    public void Promote_DeviceFailsWhileOthersLieThere_ReadersMissThem()
    {
        using var node = new GpuNode();
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        var answer = node.Lookup(node.Session, Tokens);
        var block = answer.Located[0].Gpu!.Blocks[0];
        node.Gpu.Faults.Break();
        var more = TokenList.Count(16, 100);
        node.Put(more);
        for (var i = 0; i < 2; i++) node.Test.Done(node.Session, node.Lookup(node.Session, more));
        Assert.True(SpinWait.SpinUntil(() => !node.Now.IsOn, TimeSpan.FromSeconds(20)));
        Assert.NotEqual(block.Generation, node.Session.Gpu!.Control.Generation(block.Entry));
        node.Verify(node.Session, answer, Tokens);
        node.Test.Done(node.Session, answer);
    }

    [Theory]
    [InlineData(DeviceCall.OpenStream)]
    [InlineData(DeviceCall.Copy)]
    [InlineData(DeviceCall.RunCopy)]
    public async Task Return_DeviceFails_IsAMiss(DeviceCall call)
    {
        using var node = new GpuNode(pages: 4);
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        node.Test.Put(node.Test.Scheduler("flush"), TokenList.Count(64, 5000));
        node.Gpu.Faults.Fail(call);
        var answer = await node.WaitAsync(node.Session, Tokens);
        Assert.Equal((0, false), (answer.HitTokens, node.Now.IsOn));
        node.Test.Done(node.Session, answer);
        Assert.Equal(0, node.Test.Now.WritingBlocks);
        AssertServes(node);
    }

    [Fact]
    public void Register_Refused_CopiesGoOnWithout()
    {
        using var node = new GpuNode();
        node.Gpu.Faults.Refuse(DeviceCall.Register);
        node.Put(Tokens);
        node.Hit(Tokens, times: 2);
        Assert.Equal(32, node.Hit(Tokens));
        Assert.Equal(2L, node.Gpu.Counts.UnregisteredCopies);
    }

    [Fact]
    public void Dispose_CopiesUnderWay_WaitsForThem()
    {
        var node = new GpuNode();
        node.Put(Tokens);
        node.Gpu.CopyDelay = TimeSpan.FromMilliseconds(100);
        for (var i = 0; i < 2; i++) node.Test.Done(node.Session, node.Lookup(node.Session, Tokens));
        node.Dispose();
    }

    private static void AssertServes(GpuNode node)
    {
        var tokens = TokenList.Count(16, 900);
        node.Put(tokens);
        var answer = node.Lookup(node.Session, tokens);
        Assert.Equal(16, answer.HitTokens);
        node.Verify(node.Session, answer, tokens);
        node.Test.Done(node.Session, answer);
    }
}
