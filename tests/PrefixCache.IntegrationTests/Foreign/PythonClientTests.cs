using System.Diagnostics;
using System.Runtime.CompilerServices;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Foreign;

/// <summary>A client in another language, with classes generated from protos/.</summary>
/// <remarks>Needs Debian's python3-grpcio, python3-protobuf and protobuf-compiler; a missing one fails the test by name.</remarks>
public sealed class PythonClientTests
{
    // Debian's own interpreter: another may come first on the PATH and lack the packages.
    private const string Python = "/usr/bin/python3";
    private const string Protoc = "/usr/bin/protoc";

    private static readonly TimeSpan RunTimeout = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task PythonClient_OnTheWholePath_GetsTheBytesItStored()
    {
        Assert.True(System.IO.File.Exists(Python), $"{Python} is missing: install the Debian package python3.");
        Assert.True(System.IO.File.Exists(Protoc), $"{Protoc} is missing: install the Debian package protobuf-compiler.");
        await RunAsync(Python, "install the Debian package python3-grpcio", "-c", "import grpc");
        await RunAsync(Python, "install the Debian package python3-protobuf", "-c", "import google.protobuf");
        using var messages = new TemporaryFolder();
        Directory.CreateDirectory(messages.Path("out"));
        var protos = Path.GetFullPath(Path.Combine(SourceFolder(), "../../../protos"));
        await RunAsync(Protoc, "protos/ does not compile", $"--proto_path={protos}", $"--python_out={messages.Path("out")}",
            "prefixcache/v1/layout.proto", "prefixcache/v1/prefixcache.proto");
        await using var node = await RunningNode.StartAsync();
        var output = await RunAsync(Python, "the client failed", Path.Combine(SourceFolder(), "../python/client.py"),
            "--target", node.Address["http://".Length..], "--messages", messages.Path("out"));
        Assert.EndsWith("OK", output.Trim(), StringComparison.Ordinal);
    }

    private static async Task<string> RunAsync(string program, string failure, params string[] arguments)
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
