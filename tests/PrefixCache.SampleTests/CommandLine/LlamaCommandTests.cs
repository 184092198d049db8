using System.Diagnostics;
using System.Runtime.InteropServices;
using PrefixCache.Samples.Llama.Cache;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.SampleTests.Reference;

namespace PrefixCache.SampleTests.CommandLine;

public class LlamaCommandTests
{
    [Fact]
    public void Run_TokensAndLogits_WritesARowForEachToken()
    {
        using ModelFolder folder = ModelFolder.Write(TinyModels.Grouped, 21, KvDtype.Bf16);
        int[] tokens = TinyModels.Tokens(67, TinyModels.Grouped.VocabSize);
        string file = Path.Combine(folder.FolderPath, "logits.f32");
        (int code, string output, string error) =
            Run("--model", folder.FolderPath, "--tokens", string.Join(",", tokens), "--logits", file, "--generate", "3");
        Assert.True(code == 0, error);

        using LlamaModel model = LlamaModel.Load(folder.FolderPath);
        using KvCache cache = new(model.Config, 70);
        using LlamaRunner runner = new(model, cache);
        float[] expected = new float[tokens.Length * model.Config.VocabSize];
        runner.PrefillAll(tokens, expected);
        Assert.Equal(expected, MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(file)).ToArray());
        List<int> decoded = GreedyDecoder.Decode(runner, expected.AsSpan()[^model.Config.VocabSize..], 3, []);
        Assert.Contains("tokens: " + string.Join(",", decoded), output, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_SeedAndPrompt_SameTextEveryTime()
    {
        string[] arguments = ["--seed", "7", "--prompt", "Héllo", "--generate", "5", "--kv-dtype", "f16"];
        (int code, string first, _) = Run(arguments);
        Assert.Equal(0, code);
        Assert.Equal(Line(first, "tokens:"), Line(Run(arguments).Output, "tokens:"));
        Assert.NotEqual(Line(first, "tokens:"), Line(Run(["--seed", "8", .. arguments[2..]]).Output, "tokens:"));
    }

    [Theory]
    [InlineData("--tokens", "1,x")]
    [InlineData("--tokens", "")]
    [InlineData("--tokens", "1,-2")]
    [InlineData("--tokens", "256")]
    [InlineData("--prompt", "")]
    [InlineData("--seed", "1")]
    [InlineData("--tokens", "1", "--prompt", "a")]
    [InlineData("--tokens", "1", "--generate", "-1")]
    [InlineData("--tokens", "1", "--generate", "2000000000")]
    [InlineData("--tokens", "1", "--threads", "-3")]
    [InlineData("--tokens", "1", "--kv-dtype", "f8")]
    [InlineData("--tokens", "1", "--model", "no-such-folder")]
    [InlineData("--tokens", "1", "--config", "no-such-file.json")]
    [InlineData("--tokens", "1", "--logits", "no-such-folder/logits.f32")]
    [InlineData("--no-such-option")]
    public void Run_BadInput_OneLineAndExitCode2(params string[] arguments)
    {
        (int code, string output, string error) = Run(arguments);
        Assert.Equal(2, code);
        Assert.Equal("", output);
        Assert.StartsWith("llama: ", error, StringComparison.Ordinal);
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Run_Help_ShowsExamples()
    {
        (int code, string output, _) = Run("--help");
        Assert.Equal(0, code);
        Assert.Contains("--tokens 1,2,3 --logits logits.f32", output, StringComparison.Ordinal);
    }

    private static string Line(string output, string start) =>
        output.Split('\n').Single(line => line.StartsWith(start, StringComparison.Ordinal));

    private static (int Code, string Output, string Error) Run(params string[] arguments)
    {
        ProcessStartInfo info = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        info.ArgumentList.Add(typeof(LlamaModel).Assembly.Location);
        foreach (string argument in arguments) info.ArgumentList.Add(argument);
        using Process process = Process.Start(info)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
