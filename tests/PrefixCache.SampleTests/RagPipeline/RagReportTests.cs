using PrefixCache.Samples.RagPipeline.Reports;
using PrefixCache.Samples.RagPipeline.Retrieval;
using PrefixCache.Samples.Serving.Prompts;
using Spectre.Console;

namespace PrefixCache.SampleTests.RagPipeline;

public class RagReportTests
{
    [Fact]
    public void Write_OneOrderDiffers_SaysSoAndComparesTheOrders()
    {
        RagReport report = new([Order(DocumentOrder.Rank, reused: 25, output: 9), Order(DocumentOrder.Stable, reused: 75, output: 2)]);
        Assert.False(report.OutputsEqual);
        Assert.Equal([false, true], report.Orders.Select(order => order.OutputsEqual));
        Assert.Equal([75, 25], report.Orders.Select(order => order.TokensPrefilled));
        using StringWriter text = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No });
        console.Profile.Width = 120;
        RagTable.Write(console, report);
        foreach (string part in (string[])["tides, [wind]", "DIFFER", "differ between the runs", "25.0 %", "75.0 %"])
            Assert.Contains(part, text.ToString(), StringComparison.Ordinal);
    }

    private static OrderReport Order(DocumentOrder order, int reused, int output)
    {
        PromptResult without = new(100, 0, 80, [1, 2]), with = new(100, reused, 40, [1, output], "stream");
        return new OrderReport(order, [new QuestionRow("Why?", ["tides", "[wind]"], without, with)]);
    }
}
