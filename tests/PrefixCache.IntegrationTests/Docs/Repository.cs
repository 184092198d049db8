namespace PrefixCache.IntegrationTests.Docs;

/// <summary>The checkout that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static IEnumerable<string> Pages =>
        Directory.EnumerateFiles(Root, "*.md").Concat(Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md"));

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "PrefixCache.sln")))
            folder = folder.Parent
                ?? throw new InvalidOperationException($"PrefixCache.sln is in no folder above {AppContext.BaseDirectory}.");
        return folder.FullName;
    }
}
