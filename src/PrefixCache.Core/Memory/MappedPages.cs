using System.Globalization;

namespace PrefixCache.Core.Memory;

/// <summary>Finds out which pages a range of this process's memory lies in.</summary>
internal static class MappedPages
{
    private const string Mappings = "/proc/self/smaps";

    /// <summary>Bytes of a shared range that are mapped as transparent huge pages; 0 where the kernel does not tell.</summary>
    /// <remarks>The kernel walks all page tables for it: once at start, not in operation.</remarks>
    public static long HugeBytes(nint start, long length)
    {
        try
        {
            return HugeBytes(File.ReadLines(Mappings), (ulong)start, (ulong)length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    /// <summary>The same from the lines of a smaps file (proc(5)).</summary>
    public static long HugeBytes(IEnumerable<string> lines, ulong start, ulong length)
    {
        long kibibytes = 0;
        bool isInside = false;
        foreach (string line in lines)
        {
            // 7f2b00000000-7f2b20000000 rw-s 00000000 00:01 1030  /memfd:name (deleted)
            // ShmemPmdMapped:   524288 kB
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is ["ShmemPmdMapped:" or "FilePmdMapped:", string number, ..])
            {
                if (isInside && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long value)) kibibytes += value;
            }
            else if (words.Length > 0 && TryReadRange(words[0], out ulong first, out ulong end))
            {
                isInside = first >= start && end <= start + length;
            }
        }

        return kibibytes * 1024;
    }

    private static bool TryReadRange(string word, out ulong first, out ulong end)
    {
        end = first = 0;
        int dash = word.IndexOf('-', StringComparison.Ordinal);
        return dash > 0
            && ulong.TryParse(word.AsSpan(0, dash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out first)
            && ulong.TryParse(word.AsSpan(dash + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out end);
    }
}
