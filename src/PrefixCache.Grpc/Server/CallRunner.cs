using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using PrefixCache.Grpc.Headers;

namespace PrefixCache.Grpc.Server;

/// <summary>Takes an HTTP request through its life as a call: gate, deadline, authorization, handler, status.</summary>
internal sealed class CallRunner(
    IReadOnlyDictionary<string, Func<ServerCall, ValueTask>> methods,
    IReadOnlySet<string> services,
    CallRegistry calls,
    DrainControl drain,
    RpcServerOptions options,
    ILogger logger)
{
    /// <summary>Answers one request; nothing escapes, for Kestrel would answer with HTTP 500 or a bare reset.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        if (!RequestGate.Admits(context, logger))
            return;

        context.Response.ContentType = HeaderNames.ContentType;
        var call = new ServerCall(context, context.Request.Path.Value ?? "", options, drain.Token);
        if (!calls.TryAdd(call))
        {
            StatusFields.Write(
                context.Response, false, StatusCode.Unavailable, "The server is shutting down: try another or try again.", []);
            return;
        }

        try
        {
            await RunAsync(call);
        }
        catch (Exception fault) when (context.RequestAborted.IsCancellationRequested)
        {
            RpcLog.CallEndedEarly(logger, call.Method, call.Peer, fault.Message);
        }
        catch (Exception fault)
        {
            RpcLog.AnswerFailed(logger, call.Method, fault);
            context.Abort();
        }
        finally
        {
            calls.Remove(call);
        }
    }

    private async Task RunAsync(ServerCall call)
    {
        var (status, detail, trailers) = (StatusCode.OK, "", call.ResponseTrailers);
        try
        {
            var run = Admit(call);
            await run(call);
        }
        catch (RpcException refusal)
        {
            RpcLog.CallRefused(logger, call.Method, refusal.Status, refusal.Detail);
            (status, detail, trailers) = (refusal.Status, refusal.Detail, Merge(call.ResponseTrailers, refusal.Trailers));
        }
        catch (Exception fault) when (call.CancellationToken.IsCancellationRequested || IsConnectionLost(fault))
        {
            RpcLog.CallEndedEarly(logger, call.Method, call.Peer, fault.Message);
            (status, detail) = (StatusCode.Cancelled, "The call was cancelled.");
        }
        catch (Exception fault)
        {
            RpcLog.HandlerFailed(logger, call.Method, fault);
            (status, detail) = (StatusCode.Unknown, "Exception was thrown by handler.");
        }

        try
        {
            if (!await call.Response.FinishAsync(status, detail, trailers))
                RpcLog.WriteNotAwaited(logger, call.Method);
        }
        finally
        {
            if (status != StatusCode.OK || call.WasCut())
                call.Undelivered?.Invoke();
            await call.EndAsync();
        }

        if (call.Response.AbortReason is { Status: StatusCode.DeadlineExceeded })
            RpcLog.DeadlineExceeded(logger, call.Method, call.Peer);
    }

    /// <summary>A read may learn that the connection is gone before the call's token does.</summary>
    private static bool IsConnectionLost(Exception fault) =>
        fault is ConnectionResetException or ConnectionAbortedException
        || fault is IOException { InnerException: ConnectionAbortedException };

    private Func<ServerCall, ValueTask> Admit(ServerCall call)
    {
        call.StartDeadline();
        if (!methods.TryGetValue(call.Method, out var run))
            throw Unimplemented(call.Method);
        if (options.Authorize?.Invoke(call) is { } refusal)
            throw refusal;
        return run;
    }

    private RpcException Unimplemented(string path)
    {
        var end = path.LastIndexOf('/');
        var service = end > 0 ? path[1..end] : "";
        return new RpcException(
            StatusCode.Unimplemented,
            services.Contains(service) ? $"Service {service} has no method {path[(end + 1)..]}." : $"There is no service {service} here.");
    }

    private static Metadata Merge(Metadata first, Metadata second)
    {
        if (first.Count == 0 || second.Count == 0 || ReferenceEquals(first, second))
            return first.Count == 0 ? second : first;
        var merged = new Metadata();
        foreach (var entry in first.Concat(second))
            merged.AddReceived(entry.Key, entry.Value);
        return merged;
    }
}
