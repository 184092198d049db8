using Spectre.Console;

namespace PrefixCache.Samples.Serving.Reports;

/// <summary>Where a sample reports to.</summary>
public static class SampleConsole
{
    /// <summary>What is said of a model without a folder.</summary>
    public const string SeededModelNote =
        "The weights are random, so the decoded text means nothing: what this shows is time, and that outputs are equal.";

    /// <summary>The terminal; a file or a pipe gets plain text in lines that the tables fit into.</summary>
    public static IAnsiConsole Open()
    {
        if (!Console.IsOutputRedirected) return AnsiConsole.Console;
        AnsiConsoleSettings plain = new() { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors };
        IAnsiConsole console = AnsiConsole.Create(plain);
        console.Profile.Width = 120;
        return console;
    }
}
