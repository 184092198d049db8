using System.Globalization;
using System.Text.RegularExpressions;

namespace PrefixCache.IntegrationTests.Docs;

/// <summary>What the example of docs/shared-memory.md says.</summary>
internal sealed partial class SharedMemoryPage
{
    private readonly string _text = Repository.Read("docs/shared-memory.md").Split("\n## An example\n")[1];

    /// <summary>The first 64 bytes of the control region.</summary>
    public byte[] Header => Dump("header");

    /// <summary>The second block's entry.</summary>
    public byte[] Entry => Dump("entry");

    /// <summary>A number in the text.</summary>
    /// <param name="pattern">Regular expression whose first group is the number, decimal or behind 0x; it must be there once.</param>
    public ulong Number(string pattern)
    {
        var number = Word(pattern);
        return number.StartsWith("0x", StringComparison.Ordinal)
            ? ulong.Parse(number.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : ulong.Parse(number, CultureInfo.InvariantCulture);
    }

    /// <summary>Numbers in brackets behind a name.</summary>
    public ulong[] List(string name) =>
        [.. Word($@"{name}: \[([0-9, ]+)\]").Split(", ").Select(number => ulong.Parse(number, CultureInfo.InvariantCulture))];

    /// <summary>Bytes in the text, written in pairs of hexadecimal digits.</summary>
    /// <param name="pattern">As in <see cref="Number"/>.</param>
    public byte[] Bytes(string pattern) => Convert.FromHexString(Word(pattern).Replace(" ", "", StringComparison.Ordinal));

    /// <summary>What the pattern's first group finds.</summary>
    public string Word(string pattern)
    {
        var matches = Regex.Matches(_text, pattern, RegexOptions.Multiline);
        Assert.True(
            matches.Count == 1, $"/{pattern}/ is {matches.Count} times in the example of docs/shared-memory.md, once was expected.");
        return matches[0].Groups[1].Value;
    }

    /// <summary>Joins the lines of a dump, which must follow one another.</summary>
    private byte[] Dump(string name)
    {
        var bytes = new List<byte>();
        foreach (var line in DumpLine().Matches(_text).Where(line => line.Groups[1].Value == name))
        {
            Assert.Equal(bytes.Count, int.Parse(line.Groups[2].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            bytes.AddRange(Convert.FromHexString(line.Groups[3].Value.Replace(" ", "", StringComparison.Ordinal)));
        }

        return [.. bytes];
    }

    [GeneratedRegex(@"^(\w+)\+0x([0-9a-f]{2})  ([0-9a-f ]+)$", RegexOptions.Multiline)]
    private static partial Regex DumpLine();
}
