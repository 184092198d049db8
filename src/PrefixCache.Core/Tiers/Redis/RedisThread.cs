using System.Threading.Channels;

namespace PrefixCache.Core.Tiers.Redis;

/// <summary>A thread that takes jobs from a queue, and may block on each.</summary>
internal static class RedisThread
{
    /// <param name="name">What it does, for debuggers.</param>
    /// <param name="run">Does not throw.</param>
    /// <returns>Ends with the queue.</returns>
    public static Task Start<T>(string name, ChannelReader<T> queue, Action<T> run)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            while (queue.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
                while (queue.TryRead(out var job)) run(job);
            ended.SetResult();
        })
        {
            IsBackground = true,
            Name = "redis " + name,
        };
        thread.Start();
        return ended.Task;
    }
}
