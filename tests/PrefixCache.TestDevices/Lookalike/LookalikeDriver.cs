using System.Diagnostics;

namespace PrefixCache.TestDevices.Lookalike;

/// <summary>
/// A look-alike of NVIDIA's <c>libcuda.so.1</c> over host memory, compiled once per process from the C files beside the tests. A process
/// that is started with its folder in <c>LD_LIBRARY_PATH</c> finds it in the place of the driver; what else it takes from its environment
/// stands in <c>Native/lookalike.h</c>.
/// </summary>
public static class LookalikeDriver
{
    private const string FileName = "libcuda.so.1";

    private static readonly Lazy<string> Compiled = new(() => Compile("lookalike",
        Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Native"), "*.c")));

    private static readonly Lazy<string> CompiledEmpty = new(CompileEmpty);

    /// <summary>The folder of the library.</summary>
    public static string Folder => Compiled.Value;

    /// <summary>The folder of a library of the same name that has no calls: a driver that is too old.</summary>
    public static string EmptyFolder => CompiledEmpty.Value;

    private static string CompileEmpty()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("pfx-empty-");
        try
        {
            var source = Path.Combine(folder.FullName, "empty.c");
            File.WriteAllText(source, "int prefixcache_empty;\n");
            return Compile("empty", [source]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Into a folder that goes when this process ends.</summary>
    private static string Compile(string name, string[] sources)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory($"pfx-{name}-");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Delete(recursive: true);
        string[] options = ["-std=gnu17", "-Wall", "-Wextra", "-O1", "-g", "-shared", "-fPIC", "-fvisibility=hidden", "-pthread"];
        ProcessStartInfo start = new("gcc", [.. options, "-o", Path.Combine(folder.FullName, FileName), .. sources])
        {
            RedirectStandardError = true,
        };
        using Process compiler = Process.Start(start)!;
        var errors = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        return compiler.ExitCode == 0
            ? folder.FullName
            : throw new InvalidOperationException($"gcc could not compile the look-alike of {FileName}: {errors}");
    }
}
