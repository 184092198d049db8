using Microsoft.Extensions.Logging;

namespace PrefixCache.Grpc;

/// <summary>Every log message of the gRPC layer. Nothing here prints metadata values or payload.</summary>
internal static partial class RpcLog
{
    [LoggerMessage(1, LogLevel.Error, "The handler of {Method} failed.")]
    public static partial void HandlerFailed(ILogger logger, string method, Exception fault);

    [LoggerMessage(2, LogLevel.Information, "{Method} from {Peer} ended early: {Reason}")]
    public static partial void CallEndedEarly(ILogger logger, string method, string peer, string reason);

    [LoggerMessage(3, LogLevel.Warning, "A client has not read the answer of {Method} for {StallSeconds} s: its stream is reset.")]
    public static partial void PeerStalled(ILogger logger, string method, double stallSeconds);

    [LoggerMessage(4, LogLevel.Debug, "{Method} from {Peer} ran past its deadline.")]
    public static partial void DeadlineExceeded(ILogger logger, string method, string peer);

    [LoggerMessage(5, LogLevel.Debug, "{Method} ended with {Status}: {Detail}")]
    public static partial void CallRefused(ILogger logger, string method, StatusCode status, string detail);

    [LoggerMessage(6, LogLevel.Debug, "A request that is not gRPC was refused with HTTP status {HttpStatus}.")]
    public static partial void RequestRefused(ILogger logger, int httpStatus);

    [LoggerMessage(7, LogLevel.Error, "Answering {Method} failed outside its handler; its stream is reset.")]
    public static partial void AnswerFailed(ILogger logger, string method, Exception fault);

    [LoggerMessage(8, LogLevel.Information, "Draining: {Calls} calls are running and may take {GraceSeconds} s to end.")]
    public static partial void Draining(ILogger logger, int calls, double graceSeconds);

    [LoggerMessage(9, LogLevel.Warning, "The grace of the drain is over: {Calls} calls are reset.")]
    public static partial void DrainGraceOver(ILogger logger, int calls);

    [LoggerMessage(10, LogLevel.Error,
        "{Calls} handlers did not return after their calls were reset: they ignore their cancellation token.")]
    public static partial void HandlersStuck(ILogger logger, int calls);

    [LoggerMessage(12, LogLevel.Warning, "A client has not sent the request of {Method} within {RequestSeconds} s: its stream is reset.")]
    public static partial void RequestOverdue(ILogger logger, string method, double requestSeconds);

    [LoggerMessage(11, LogLevel.Error, "The handler of {Method} returned while one of its writes was still running; its stream is reset.")]
    public static partial void WriteNotAwaited(ILogger logger, string method);
}
