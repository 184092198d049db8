using PrefixCache.IntegrationTests.Fixtures;
using PrefixCache.TestDevices.Lookalike;

namespace PrefixCache.IntegrationTests.Devices;

/// <summary>The CUDA binding against a look-alike of the driver, strict about arguments, that processes find as libcuda.so.1.</summary>
public class CudaDriverTests
{
    [Theory]
    [InlineData("calls")]
    [InlineData("copies")]
    [InlineData("registrations")]
    [InlineData("shares")]
    [InlineData("rounds")]
    [InlineData("threads")]
    [InlineData("errors")]
    [InlineData("speed")]
    public async Task Check_OnTheLookalike_Holds(string check) => Assert.Empty(await RunAsync(check, LookalikeDriver.Folder));

    [Fact]
    public async Task Check_OfFaults_LeavesWhatADeadDeviceDoesNotTakeBack() =>
        Assert.All(await RunAsync("faults", LookalikeDriver.Folder), line => Assert.StartsWith("left: ", line));

    [Fact]
    public async Task Check_OnSlowDevices_Holds() =>
        Assert.Empty(await RunAsync("all", LookalikeDriver.Folder, ("LOOKALIKE_DEVICES", "3"), ("LOOKALIKE_DELAY_US", "200")));

    [Fact]
    public async Task Check_WithDistancesAboveTheDevices_CopiesRowByRow() =>
        Assert.Empty(await RunAsync("copies", LookalikeDriver.Folder, ("LOOKALIKE_MAX_PITCH", "2000")));

    [Fact]
    public async Task Check_WithoutVirtualMemory_SharesByHandles() =>
        Assert.Empty(await RunAsync("legacy", LookalikeDriver.Folder, ("LOOKALIKE_LEGACY", "1")));

    [Fact]
    public async Task Check_WithoutDevice_FindsNone() =>
        Assert.Empty(await RunAsync("no-device", LookalikeDriver.Folder, ("LOOKALIKE_DEVICES", "0")));

    /// <summary>The loader goes no further than to what is no library: so this holds where there is a driver, too.</summary>
    [Fact]
    public async Task Check_WithoutDriver_SaysSo()
    {
        using TemporaryFolder folder = new();
        var file = folder.Write("libcuda.so.1", "This is no library, and long enough for the loader to see that.\n");
        Assert.Empty(await RunAsync("no-driver", Path.GetDirectoryName(file)!));
    }

    [Fact]
    public async Task Check_WithOldDriver_SaysSo() => Assert.Empty(await RunAsync("old-driver", LookalikeDriver.EmptyFolder));

    /// <returns>What the look-alike has to say: wrong use, and what was alive at the end.</returns>
    private static async Task<string[]> RunAsync(string check, string folder, params (string Name, string Value)[] options)
    {
        using TemporaryFolder files = new();
        var report = files.Path("report");
        Dictionary<string, string> environment = new() { ["LD_LIBRARY_PATH"] = folder, ["LOOKALIKE_REPORT"] = report };
        foreach (var (name, value) in options) environment[name] = value;
        await using var process = ChildProcess.Start("PrefixCache.CudaProbe.dll", [check], environment);
        var code = await process.WaitForExitAsync();
        Assert.True(code == 0, process.Errors);
        return File.Exists(report) ? await File.ReadAllLinesAsync(report) : [];
    }
}
