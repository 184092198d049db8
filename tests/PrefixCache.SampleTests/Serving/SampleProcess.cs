using System.Diagnostics;
using System.Reflection;

namespace PrefixCache.SampleTests.Serving;

/// <summary>A sample as its users start it: a process of its own.</summary>
internal static class SampleProcess
{
    /// <summary>Runs the program to its end, with no input.</summary>
    public static (int Code, string Output, string Error) Run(Assembly program, params IEnumerable<string> arguments)
    {
        ProcessStartInfo info = new("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        info.ArgumentList.Add(program.Location);
        foreach (string argument in arguments) info.ArgumentList.Add(argument);
        using Process process = Process.Start(info)!;
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
