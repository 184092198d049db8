using System.Runtime.InteropServices;

namespace PrefixCache.GpuCheck.Processes;

/// <summary>Ends this process with its standard input: however its parent ends, nothing stays behind.</summary>
internal static partial class InputEnd
{
    private const int Sigterm = 15;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>The process ends at once.</summary>
    /// <param name="end">Called before.</param>
    public static void Watch(Action end) => new Thread(() =>
    {
        while (Console.In.ReadLine() is not null)
        {
            // Nobody sends anything here.
        }

        end();
        Environment.Exit(0);
    })
    {
        IsBackground = true,
        Name = "input end",
    }.Start();

    /// <summary>The process is asked to end as by its service manager, and made to when it does not.</summary>
    public static void WatchAndTerminate() => Watch(() =>
    {
        _ = Signal(Environment.ProcessId, Sigterm);
        Thread.Sleep(Grace);
    });

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);
}
