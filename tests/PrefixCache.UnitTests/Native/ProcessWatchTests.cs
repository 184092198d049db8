using PrefixCache.Core.Native.Posix;
using PrefixCache.Format.Native.Posix;

namespace PrefixCache.UnitTests.Native;

public sealed class ProcessWatchTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Add_ProcessKilled_IsToldOnceAndTheHandleClosed()
    {
        using ProcessWatch watch = new();
        using SleepingProcess process = new();
        ProcessHandle handle = ProcessHandle.Open(process.Id);
        Deaths deaths = new();
        watch.Add(handle, deaths.Add);
        Assert.Equal(1, watch.Count);
        Assert.False(handle.IsDead);

        process.Kill();

        await deaths.FirstAsync();
        // One thread tells all deaths in turn, so it has done with the first when it tells the next.
        await ProveThatItStillWatchesAsync(watch);
        Assert.Equal(1, deaths.Count);
        Assert.Equal(0, watch.Count);
        Assert.True(handle.Descriptor.IsClosed);
    }

    [Fact]
    public async Task Add_ProcessStopped_IsNotDeadUntilItIsKilled()
    {
        using ProcessWatch watch = new();
        using SleepingProcess process = new();
        ProcessHandle handle = ProcessHandle.Open(process.Id);
        Deaths deaths = new();
        watch.Add(handle, deaths.Add);

        process.Stop();
        await ProveThatItStillWatchesAsync(watch);
        Assert.False(handle.IsDead);
        Assert.Equal(0, deaths.Count);

        process.Kill();
        await deaths.FirstAsync();
    }

    [Fact]
    public async Task Add_ProcessDeadAlready_IsTold()
    {
        using ProcessWatch watch = new();
        using SleepingProcess process = new();
        ProcessHandle handle = ProcessHandle.Open(process.Id);
        process.Kill();
        Assert.True(handle.IsDead);
        Deaths deaths = new();

        watch.Add(handle, deaths.Add);

        await deaths.FirstAsync();
    }

    [Fact]
    public async Task Add_ProcessExitsByItself_IsTold()
    {
        using ProcessWatch watch = new();
        using var process = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("/bin/cat") { RedirectStandardInput = true })!;
        Deaths deaths = new();
        watch.Add(ProcessHandle.Open(process.Id), deaths.Add);

        process.StandardInput.Close();

        await deaths.FirstAsync();
    }

    [Fact]
    public async Task Add_ManyProcesses_OnlyTheDeadAreTold()
    {
        using ProcessWatch watch = new();
        SleepingProcess[] processes = [.. Enumerable.Range(0, 8).Select(_ => new SleepingProcess())];
        try
        {
            Deaths[] deaths = [.. processes.Select(_ => new Deaths())];
            for (int i = 0; i < processes.Length; i++) watch.Add(ProcessHandle.Open(processes[i].Id), deaths[i].Add);

            for (int i = 0; i < processes.Length; i += 2) processes[i].Kill();

            for (int i = 0; i < processes.Length; i += 2) await deaths[i].FirstAsync();
            await ProveThatItStillWatchesAsync(watch);
            Assert.All(deaths.Index(), death => Assert.Equal(death.Index % 2 == 0 ? 1 : 0, death.Item.Count));
            Assert.Equal(4, watch.Count);
        }
        finally
        {
            foreach (SleepingProcess process in processes) process.Dispose();
        }
    }

    [Fact]
    public void Dispose_ProcessStillWatched_ClosesItsHandleAndTellsNothing()
    {
        ProcessWatch watch = new();
        using SleepingProcess process = new();
        ProcessHandle handle = ProcessHandle.Open(process.Id);
        Deaths deaths = new();
        watch.Add(handle, deaths.Add);

        watch.Dispose();
        watch.Dispose();

        Assert.Equal(0, deaths.Count);
        Assert.True(handle.Descriptor.IsClosed);
        using ProcessHandle second = ProcessHandle.Open(process.Id);
        Assert.Throws<ObjectDisposedException>(() => watch.Add(second, deaths.Add));
    }

    [Fact]
    public void Open_NoSuchProcess_SaysSo()
    {
        // Above the highest number that Linux gives (PID_MAX_LIMIT, 2^22).
        PosixException e = Assert.Throws<PosixException>(() => ProcessHandle.Open((1 << 22) + 1));

        Assert.Equal("ESRCH", e.ErrnoName);
    }

    private static async Task ProveThatItStillWatchesAsync(ProcessWatch watch)
    {
        using SleepingProcess other = new();
        Deaths deaths = new();
        watch.Add(ProcessHandle.Open(other.Id), deaths.Add);
        other.Kill();
        await deaths.FirstAsync();
    }

    private sealed class Deaths
    {
        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public void Add()
        {
            if (Interlocked.Increment(ref _count) == 1) _first.SetResult();
        }

        public Task FirstAsync() => _first.Task.WaitAsync(Limit);
    }
}
