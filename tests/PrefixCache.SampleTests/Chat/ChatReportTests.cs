using PrefixCache.Samples.Chat.Reports;
using PrefixCache.Samples.Serving.Prompts;
using Spectre.Console;

namespace PrefixCache.SampleTests.Chat;

public class ChatReportTests
{
    [Fact]
    public void Write_OneTokenDiffers_SaysWhichTurnAndInTheTotals()
    {
        ChatReport report = new(
        [
            new TurnRow("soup", 1, 0, new PromptResult(100, 0, 50, [1, 2]), new PromptResult(100, 0, 60, [1, 2])),
            new TurnRow("soup", 2, 12, new PromptResult(150, 0, 90, [3, 4]), new PromptResult(150, 112, 30, [3, 5], "stream")),
        ]);
        Assert.False(report.OutputsEqual);
        Assert.Equal((12, 0.448), (report.ReusedAnswerTokens, report.HitRateTokens));
        using StringWriter text = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No });
        console.Profile.Width = 120;
        ChatTable.Write(console, report);
        foreach (string part in (string[])["DIFFER", "differ between the runs", "44.8 %", "12 tokens"])
            Assert.Contains(part, text.ToString(), StringComparison.Ordinal);
    }
}
