using PrefixCache.Format.Hashing;

namespace PrefixCache.UnitTests.Hashing;

/// <summary>The vector widths that this machine can run; scalar is always among them.</summary>
internal static class Xxh3Widths
{
    public static Xxh3Width[] Available { get; } = [.. Enum.GetValues<Xxh3Width>().Where(Xxh3.IsSupported)];
}
