using System.Text;

namespace PrefixCache.Cli.Plan.Output;

/// <summary>The plan as Markdown: a table for each section.</summary>
internal static class PlanMarkdown
{
    public static string Write(PlanReport report)
    {
        var text = new StringBuilder($"# {report.Title}\n");
        foreach (var section in report.Sections)
        {
            text.Append($"\n## {section.Title}\n\n| what | value | formula |\n|---|---:|---|\n");
            foreach (var line in section.Lines) text.Append($"| {Cell(line.Label.Trim())} | {Cell(PlanText.Of(line))} | "
                + $"{Cell(line.Formula)} |\n");
        }

        text.Append("\n## Notes\n\n");
        foreach (var note in report.Sources.Concat(report.Notes)) text.Append($"- {note}\n");
        return text.ToString();
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
