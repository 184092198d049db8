namespace PrefixCache.Samples.RagPipeline.Retrieval;

/// <summary>Cuts text into the terms that are searched for.</summary>
public static class Terms
{
    /// <summary>Shorter words keep their s: gas, has, is.</summary>
    private const int LeastPluralLength = 4;

    /// <summary>Lower-case runs of letters and digits, without a plural's s.</summary>
    public static IEnumerable<string> Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        for (int start = 0; start < text.Length; start++)
        {
            int end = start;
            while (end < text.Length && char.IsLetterOrDigit(text[end])) end++;
            if (end > start) yield return Singular(text[start..end].ToLowerInvariant());
            start = end;
        }
    }

    private static string Singular(string word) =>
        word.Length >= LeastPluralLength && word[^1] == 's' && word[^2] != 's' ? word[..^1] : word;
}
