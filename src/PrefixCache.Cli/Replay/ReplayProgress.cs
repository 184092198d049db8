using Spectre.Console;

namespace PrefixCache.Cli.Replay;

/// <summary>A progress bar on standard error, or nothing at all.</summary>
internal sealed class ReplayProgress
{
    private readonly ProgressTask? _loading;
    private readonly ProgressTask? _running;

    private ReplayProgress(ProgressTask? loading, ProgressTask? running) => (_loading, _running) = (loading, running);

    /// <param name="isSilent">Nothing is shown; so it is too where standard error is no terminal.</param>
    public static T Show<T>(bool isSilent, Func<ReplayProgress, T> work)
    {
        if (isSilent || Console.IsErrorRedirected) return work(new ReplayProgress(null, null));
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context => work(new ReplayProgress(
                context.AddTask("Reading the trace", maxValue: 1), context.AddTask("Running", autoStart: false))));
    }

    /// <param name="part">0 to 1.</param>
    public void Loaded(double part)
    {
        if (_loading is not null) _loading.Value = part;
    }

    /// <param name="requests">That all runs together will serve.</param>
    public void Begin(long requests)
    {
        if (_running is null) return;
        _running.MaxValue = requests;
        _running.StartTask();
    }

    /// <summary>Called from the runs' threads.</summary>
    public void Served(int requests) => _running?.Increment(requests);
}
