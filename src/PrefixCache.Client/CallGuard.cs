using PrefixCache.Client.Sessions;
using PrefixCache.Grpc;

namespace PrefixCache.Client;

/// <summary>Turns what goes wrong in a call into a miss with an event, or, in strict mode, into an exception.</summary>
/// <remarks>Thread-safe. A caller's own cancellation is always passed on.</remarks>
internal sealed class CallGuard(PrefixCacheClientOptions options, RpcChannel channel, Action<ClientEvent> report)
{
    /// <returns>The call's result, or null where it failed or there is no session.</returns>
    public ValueTask<TResult?> InvokeAsync<TState, TResult>(string operation, NodeSession? session,
        Func<TState, RpcChannel, CallOptions, Task<TResult>> call, TState state, CancellationToken cancellationToken)
        where TResult : class => InvokeAsync(operation, session, call, state, options.CallTimeout, cancellationToken);

    /// <summary>The same, of a call that may wait for a time on the node's side.</summary>
    public ValueTask<TResult?> WaitAsync<TState, TResult>(string operation, NodeSession? session,
        Func<TState, RpcChannel, CallOptions, Task<TResult>> call, TState state, TimeSpan wait, CancellationToken cancellationToken)
        where TResult : class => InvokeAsync(operation, session, call, state, options.CallTimeout + wait, cancellationToken);

    /// <summary>The same, with the time that a transfer may take.</summary>
    public ValueTask<TResult?> TransferAsync<TState, TResult>(string operation, NodeSession? session,
        Func<TState, RpcChannel, CallOptions, Task<TResult>> call, TState state, CancellationToken cancellationToken)
        where TResult : class => InvokeAsync(operation, session, call, state, options.TransferTimeout, cancellationToken);

    private async ValueTask<TResult?> InvokeAsync<TState, TResult>(string operation, NodeSession? session,
        Func<TState, RpcChannel, CallOptions, Task<TResult>> call, TState state, TimeSpan timeout, CancellationToken cancellationToken)
        where TResult : class
    {
        if (session is null || session.IsLost)
        {
            if (options.Strict) throw new PrefixCacheException($"{operation}: there is no session with {options.Address}.");
            return null;
        }

        try
        {
            return await call(state, channel, new CallOptions { CancellationToken = cancellationToken, Timeout = timeout });
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            if (options.Strict) throw new PrefixCacheException($"{operation}: {exception.Status}: {exception.Detail}", exception);
            report(new ClientEvent(ClientEventKind.CallFailed, operation, $"{exception.Status}: {exception.Detail}"));
            return null;
        }
        catch (RpcException exception)
        {
            throw new OperationCanceledException(exception.Message, exception, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException or ObjectDisposedException)
        {
            // The client or its connection is gone in the middle of the call.
            if (options.Strict) throw new PrefixCacheException($"{operation}: {exception.Message}", exception);
            report(new ClientEvent(ClientEventKind.CallFailed, operation, exception.Message));
            return null;
        }
    }
}
