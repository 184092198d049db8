using System.Reflection;
using System.Text;

namespace PrefixCache.Samples.Serving.Texts;

/// <summary>The texts that a sample carries inside its assembly, named by their paths in its folder.</summary>
/// <param name="assembly">The sample's.</param>
public sealed class EmbeddedTexts(Assembly assembly)
{
    /// <summary>One text, with line ends of one character: a checkout with other ones must give the same tokens.</summary>
    /// <exception cref="InvalidOperationException">There is none of this name.</exception>
    public string Read(string name)
    {
        using Stream stream = assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The text {name} is missing from {assembly.GetName().Name}.");
        using StreamReader reader = new(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    /// <summary>Every text of a folder, in the order of the file names, with those names without their endings.</summary>
    /// <param name="folder">With the slash at its end.</param>
    public IEnumerable<(string Name, string Text)> ReadFolder(string folder) =>
        assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(folder, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => (Path.GetFileNameWithoutExtension(name), Read(name)));
}
