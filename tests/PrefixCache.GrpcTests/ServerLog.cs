using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using PrefixCache.Grpc;

namespace PrefixCache.GrpcTests;

/// <summary>Keeps what the servers of a test log, Kestrel's own messages included; an unexpected error fails the test.</summary>
public sealed class ServerLog : ILogger<RpcServer>, ILoggerProvider
{
    private readonly ConcurrentQueue<(LogLevel Level, string Message)> _entries = [];

    public IEnumerable<string> Errors => _entries.Where(entry => entry.Level >= LogLevel.Error).Select(entry => entry.Message);

    public bool Has(string part) => _entries.Any(entry => entry.Message.Contains(part, StringComparison.Ordinal));

    public void AssertNoErrors() => Assert.Empty(Errors);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _entries.Enqueue((logLevel, $"{formatter(state, exception)} {exception}"));

    public ILogger CreateLogger(string categoryName) => this;

    public void Dispose()
    {
    }
}
