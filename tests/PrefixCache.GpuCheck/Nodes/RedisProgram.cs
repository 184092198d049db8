using System.Diagnostics;
using PrefixCache.GpuCheck.Processes;

namespace PrefixCache.GpuCheck.Nodes;

/// <summary>Runs a redis-server, and ends it with its own standard input.</summary>
internal static class RedisProgram
{
    /// <param name="command">The program and its arguments.</param>
    public static int Run(string[] command)
    {
        // Its output is of no use, and must not get among this process's.
        using var server = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })!;
        InputEnd.Watch(server.Kill);
        while (server.StandardOutput.ReadLine() is { } line)
        {
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal)) Console.WriteLine("ready");
        }

        server.WaitForExit();
        return server.ExitCode;
    }
}
