using System.Globalization;

namespace PrefixCache.Benchmarks.Waste;

/// <summary>Prompt lengths of a real chat service; source and licence are named in the file.</summary>
internal static class PromptLengths
{
    /// <summary>In tokens, in the order of the trace.</summary>
    public static int[] Read()
    {
        using var stream = typeof(PromptLengths).Assembly.GetManifestResourceStream("prompt-lengths.txt")!;
        using var reader = new StreamReader(stream);
        var lengths = new List<int>();
        while (reader.ReadLine() is { } line)
            if (!line.StartsWith('#')) lengths.Add(int.Parse(line, CultureInfo.InvariantCulture));
        return [.. lengths];
    }
}
