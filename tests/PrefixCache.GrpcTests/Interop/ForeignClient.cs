using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace PrefixCache.GrpcTests.Interop;

/// <summary>The interoperability server as a process of its own, and the Python client that is run against it.</summary>
/// <remarks>Needs Debian's python3-grpcio, python3-protobuf and protobuf-compiler; a missing one fails the tests by name.</remarks>
public sealed class ForeignClient : IAsyncLifetime
{
    // Debian's own interpreter: another may come first on the PATH and lack the packages.
    private const string Python = "/usr/bin/python3";
    private const string Protoc = "/usr/bin/protoc";

    private static readonly TimeSpan RunTimeout = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _messages = Directory.CreateTempSubdirectory("grpc-interop-");
    private Process? _server;
    private string _target = "";

    public async ValueTask InitializeAsync()
    {
        Require(Python, "python3");
        Require(Protoc, "protobuf-compiler");
        await RequireModuleAsync("grpc", "python3-grpcio");
        await RequireModuleAsync("google.protobuf", "python3-protobuf");
        var protos = Path.GetFullPath(Path.Combine(SourceFolder(), "../../../protos"));
        await RunToEndAsync(
            Protoc,
            [$"--proto_path={protos}", $"--python_out={_messages.FullName}", "grpc/testing/empty.proto", "grpc/testing/messages.proto"]);
        await StartServerAsync();
    }

    /// <summary>Runs one case; the client's output is the message of a failure.</summary>
    public Task RunAsync(string testCase) => RunToEndAsync(
        Python, [Path.Combine(SourceFolder(), "../interop_client.py"), "--target", _target, "--messages", _messages.FullName, "--case",
            testCase]);

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            _server.Kill();
            await _server.WaitForExitAsync();
            _server.Dispose();
        }

        _messages.Delete(true);
    }

    private async Task StartServerAsync()
    {
        var assembly = Path.Combine(AppContext.BaseDirectory, "PrefixCache.InteropServer.dll");
        _server = Start("dotnet", ["exec", assembly, "--port", "0"]);
        var line = await _server.StandardOutput.ReadLineAsync().WaitAsync(RunTimeout);
        Assert.True(line?.StartsWith("ready http://", StringComparison.Ordinal), $"The interoperability server did not start: {line}");
        _target = line!["ready http://".Length..];
    }

    private static void Require(string path, string package) =>
        Assert.True(File.Exists(path), $"{path} is missing: install the Debian package {package}.");

    private static async Task RequireModuleAsync(string module, string package)
    {
        using var process = Start(Python, ["-c", $"import {module}"]);
        await process.WaitForExitAsync().WaitAsync(RunTimeout);
        Assert.True(process.ExitCode == 0, $"{Python} has no module {module}: install the Debian package {package}.");
    }

    private static async Task RunToEndAsync(string program, string[] arguments)
    {
        using var process = Start(program, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(RunTimeout);
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw;
        }

        Assert.True(process.ExitCode == 0, $"{Path.GetFileName(program)} ended with {process.ExitCode}:\n{await output}{await errors}");
    }

    private static Process Start(string program, string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
