using System.Collections.Concurrent;
using PrefixCache.Client;

namespace PrefixCache.IntegrationTests.Fixtures;

/// <summary>What a client reports.</summary>
internal sealed class EventLog
{
    private readonly ConcurrentQueue<ClientEvent> _events = [];

    public void Add(ClientEvent happened) => _events.Enqueue(happened);

    public int Count(ClientEventKind kind) => _events.Count(happened => happened.Kind == kind);

    public void AssertNone(ClientEventKind kind) => Assert.DoesNotContain(_events, happened => happened.Kind == kind);

    public Task WaitForAsync(ClientEventKind kind, int count) =>
        Until.TrueAsync(() => Count(kind) >= count, () => $"{count} {kind} expected: {string.Join("; ", _events)}");
}
