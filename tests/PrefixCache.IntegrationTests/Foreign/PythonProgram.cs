using System.Diagnostics;
using System.Runtime.CompilerServices;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Foreign;

/// <summary>Runs the clients of <c>python/</c> with classes generated from protos/.</summary>
/// <remarks>Needs Debian's python3-grpcio, python3-protobuf and protobuf-compiler; a missing one fails the test by name.</remarks>
internal static class PythonProgram
{
    // Debian's own interpreter: another may come first on the PATH and lack the packages.
    private const string Python = "/usr/bin/python3";
    private const string Protoc = "/usr/bin/protoc";

    private static readonly TimeSpan RunTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Runs a client against the node until it has ended; the test fails unless it ends well and says so.</summary>
    /// <param name="name">File in <c>python/</c>.</param>
    /// <param name="arguments">Beside the node's address and the folder of the messages.</param>
    public static async Task RunAsync(string name, RunningNode node, params string[] arguments)
    {
        Assert.True(File.Exists(Python), $"{Python} is missing: install the Debian package python3.");
        Assert.True(File.Exists(Protoc), $"{Protoc} is missing: install the Debian package protobuf-compiler.");
        await RunAsync(Python, "install the Debian package python3-grpcio", ["-c", "import grpc"]);
        await RunAsync(Python, "install the Debian package python3-protobuf", ["-c", "import google.protobuf"]);
        using var messages = new TemporaryFolder();
        Directory.CreateDirectory(messages.Path("out"));
        var protos = Path.GetFullPath(Path.Combine(SourceFolder(), "../../../protos"));
        await RunAsync(Protoc, "protos/ does not compile", [$"--proto_path={protos}", $"--python_out={messages.Path("out")}",
            "prefixcache/v1/layout.proto", "prefixcache/v1/prefixcache.proto"]);
        // Not as grpc/reflection/v1, which Python would look for in its package grpc.
        await RunAsync(Protoc, "protos/ does not compile",
            [$"--proto_path={protos}/grpc/reflection/v1", $"--python_out={messages.Path("out")}", "reflection.proto"]);
        var output = await RunAsync(Python, "the client failed", [Path.Combine(SourceFolder(), "../python", name),
            "--target", node.Address["http://".Length..], "--messages", messages.Path("out"), .. arguments]);
        Assert.EndsWith("OK", output.Trim(), StringComparison.Ordinal);
    }

    private static async Task<string> RunAsync(string program, string failure, string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.WaitForExitAsync().WaitAsync(RunTimeout);
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw;
        }

        Assert.True(process.ExitCode == 0, $"{program}: {failure}:\n{await output}{await errors}");
        return await output;
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
