using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace PrefixCache.IntegrationTests.Fixtures;

/// <summary>Keeps every message that is logged.</summary>
internal sealed class MessageLog : ILogger, ILoggerProvider
{
    private readonly ConcurrentQueue<string> _messages = [];

    public IReadOnlyCollection<string> Messages => _messages;

    public ILogger CreateLogger(string categoryName) => this;

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _messages.Enqueue(formatter(state, exception));
}
