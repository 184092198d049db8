namespace PrefixCache.GpuCheck;

/// <summary>What the program is asked for on its command line.</summary>
internal sealed record CheckOptions
{
    public const string Help = """
        Checks PrefixCache's GPU tier on this machine's first GPU, and prints one table.

          --quick           fewer rounds: a first look, half a minute
          --json FILE       the table for programs
          --markdown FILE   the table for a page
          --help            this text

        Exit code: 0 = every check passed, 1 = some failed, 2 = wrong options, or no GPU that could be checked.
        """;

    public bool IsQuick { get; init; }

    public bool IsHelp { get; init; }

    public string? JsonFile { get; init; }

    public string? MarkdownFile { get; init; }

    /// <returns>Null with the fault where there is one.</returns>
    public static CheckOptions? Parse(string[] arguments, out string fault)
    {
        var options = new CheckOptions();
        fault = "";
        for (var i = 0; i < arguments.Length; i++)
        {
            var value = i + 1 < arguments.Length ? arguments[i + 1] : null;
            switch (arguments[i])
            {
                case "--help":
                    options = options with { IsHelp = true };
                    break;
                case "--quick":
                    options = options with { IsQuick = true };
                    break;
                case "--json" when value is not null:
                    options = options with { JsonFile = value };
                    i++;
                    break;
                case "--markdown" when value is not null:
                    options = options with { MarkdownFile = value };
                    i++;
                    break;
                default:
                    fault = $"'{arguments[i]}' is no option, or lacks its value: see --help.";
                    return null;
            }
        }

        return options;
    }
}
