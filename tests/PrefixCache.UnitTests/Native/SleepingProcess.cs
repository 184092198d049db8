using System.Diagnostics;
using System.Runtime.InteropServices;

namespace PrefixCache.UnitTests.Native;

/// <summary>A child process that does nothing until it is told to stop or die.</summary>
internal sealed partial class SleepingProcess : IDisposable
{
    private const int Sigstop = 19;

    private readonly Process _process = Process.Start(new ProcessStartInfo("/bin/sleep", "1000"))!;

    public int Id => _process.Id;

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Returns when the kernel shows it as stopped.</summary>
    public void Stop()
    {
        Assert.Equal(0, Signal(Id, Sigstop));
        // 1234 (sleep) T ...
        Assert.True(SpinWait.SpinUntil(() => File.ReadAllText($"/proc/{Id}/stat").Contains(") T ", StringComparison.Ordinal),
            TimeSpan.FromSeconds(30)), "The process does not stop.");
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Signal(int process, int signal);
}
