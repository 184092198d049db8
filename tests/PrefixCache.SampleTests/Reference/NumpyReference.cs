using System.Diagnostics;
using System.Runtime.InteropServices;
using PrefixCache.Samples.Llama.Cache;

namespace PrefixCache.SampleTests.Reference;

/// <summary>Runs the reference implementation under Debian's own interpreter; a missing one fails the test.</summary>
internal static class NumpyReference
{
    private const string Interpreter = "/usr/bin/python3";

    public static float[] Logits(string folder, int[] tokens, KvDtype dtype)
    {
        string output = Path.Combine(folder, "reference.f32");
        string script = Path.Combine(AppContext.BaseDirectory, "Reference", "llama_reference.py");
        ProcessStartInfo info = new(Interpreter) { RedirectStandardError = true, UseShellExecute = false };
        foreach (string argument in (string[])[script, folder, string.Join(",", tokens), dtype.ToString().ToLowerInvariant(), output])
            info.ArgumentList.Add(argument);
        using Process process = Process.Start(info)!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{Interpreter} with numpy is needed (Debian: python3-numpy). {errors}");
        return MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(output)).ToArray();
    }
}
