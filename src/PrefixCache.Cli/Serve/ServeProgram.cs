using System.Runtime.InteropServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using PrefixCache.Core.Memory;
using PrefixCache.Format.Native.Posix;
using PrefixCache.Server;
using PrefixCache.Server.Options;

namespace PrefixCache.Cli.Serve;

/// <summary>Starts a node, says where it serves, waits for the signal to stop, drains.</summary>
internal static class ServeProgram
{
    public static async Task<int> RunAsync(string? config, IReadOnlyDictionary<string, string> values)
    {
        // Handlers first: a signal that comes while the node starts must not be lost.
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, stop));
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, stop));
        using var loggers = LoggerFactory.Create(Log);
        try
        {
            var options = NodeOptionsLoader.Load(config, values);
            await using var node = await PrefixCacheNode.StartAsync(options, loggers);
            await Console.Out.WriteLineAsync("ready " + string.Join(' ', node.Addresses));
            await stop.Task;
            return ExitCode.Success;
        }
        catch (Exception exception) when (exception is NodeOptionsException or InsufficientHostMemoryException)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return ExitCode.BadOptions;
        }
        catch (Exception exception) when (exception is IOException or PosixException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync("The node cannot start: " + exception.Message);
            return ExitCode.Failure;
        }
    }

    /// <summary>
    /// To standard error: standard output carries the one line that says the node is ready. What the web host says of a failed start is
    /// told by the error message, without a stack trace.
    /// </summary>
    private static void Log(ILoggingBuilder logging)
    {
        logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
        });
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    private static void Stop(PosixSignalContext context, TaskCompletionSource stop)
    {
        context.Cancel = true;
        stop.TrySetResult();
    }
}
