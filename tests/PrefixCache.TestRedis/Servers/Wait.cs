using System.Diagnostics;

namespace PrefixCache.TestRedis.Servers;

/// <summary>Waits for what servers bring about.</summary>
internal static class Wait
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <param name="failure">What the exception says when the condition does not come true.</param>
    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string> failure)
    {
        var started = Stopwatch.GetTimestamp();
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > Limit) throw new TimeoutException(failure());
            await poll.WaitForNextTickAsync();
        }
    }
}
