using System.Diagnostics;

namespace PrefixCache.IntegrationTests.Fixtures;

/// <summary>Waits for conditions that other threads and processes bring about.</summary>
public static class Until
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static Task TrueAsync(Func<bool> condition, Func<string> failure) => TrueAsync(() => Task.FromResult(condition()), failure);

    public static async Task TrueAsync(Func<Task<bool>> condition, Func<string> failure)
    {
        var started = Stopwatch.GetTimestamp();
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > Limit) Assert.Fail(failure());
            await poll.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }
}
