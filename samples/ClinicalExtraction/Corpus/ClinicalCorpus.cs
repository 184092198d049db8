using System.Reflection;
using System.Text;

namespace PrefixCache.Samples.ClinicalExtraction.Corpus;

/// <summary>The texts of the sample: instructions, examples and notes, carried inside the assembly.</summary>
public sealed class ClinicalCorpus
{
    private ClinicalCorpus(string instructions, string examples, IReadOnlyList<ClinicalNote> notes)
    {
        Instructions = instructions;
        Examples = examples;
        Notes = notes;
    }

    /// <summary>What every prompt begins with.</summary>
    public string Instructions { get; }

    /// <summary>Notes with their answers, the same in every prompt.</summary>
    public string Examples { get; }

    /// <summary>The notes, in the order that they are worked on.</summary>
    public IReadOnlyList<ClinicalNote> Notes { get; }

    /// <summary>Reads the texts.</summary>
    public static ClinicalCorpus Load()
    {
        Assembly assembly = typeof(ClinicalCorpus).Assembly;
        IEnumerable<ClinicalNote> notes = assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith("notes/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => new ClinicalNote(Path.GetFileNameWithoutExtension(name), Read(assembly, name)));
        return new ClinicalCorpus(Read(assembly, "prompts/instructions.md"), Read(assembly, "prompts/examples.md"), [.. notes]);
    }

    private static string Read(Assembly assembly, string name)
    {
        using Stream stream = assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The text {name} is missing from {assembly.GetName().Name}.");
        using StreamReader reader = new(stream, Encoding.UTF8);
        // A checkout with other line ends must give the same tokens.
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
