using System.Runtime.InteropServices;

namespace PrefixCache.UnitTests.Hashing;

/// <summary>The reference implementation, from Debian's package libxxhash0.</summary>
internal static unsafe partial class LibXxHash
{
    private const string Library = "libxxhash.so.0";

    public static ulong Hash64(ReadOnlySpan<byte> data, ulong seed = 0)
    {
        nuint length = (nuint)data.Length;
        fixed (byte* input = data) return seed == 0 ? XXH3_64bits(input, length) : XXH3_64bits_withSeed(input, length, seed);
    }

    /// <summary>Fails the test, naming the package, where the library is missing.</summary>
    public static void Require()
    {
        if (NativeLibrary.TryLoad(Library, out _)) return;
        Assert.Fail($"{Library} cannot be loaded: install Debian's package libxxhash0.");
    }

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial ulong XXH3_64bits(byte* input, nuint length);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial ulong XXH3_64bits_withSeed(byte* input, nuint length, ulong seed);
}
