using PrefixCache.GpuCheck.Binding;
using PrefixCache.GpuCheck.Processes;
using PrefixCache.GpuCheck.Reporting;

namespace PrefixCache.GpuCheck.Checks;

/// <summary>The binding's own checks.</summary>
internal static class BindingChecks
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static async IAsyncEnumerable<CheckRow> RunAsync(CheckContext context)
    {
        foreach (var (name, (note, _)) in ProbeProgram.All)
        {
            await using var probe = CheckProcess.Start("probe", name);
            var said = await probe.ReadAsync(Patience);
            var code = await probe.WaitForExitAsync();
            yield return (said, code) switch
            {
                (ProbeProgram.Held, 0) => CheckRow.Passed($"binding: {name}", note),
                (ProbeProgram.NotHere, 0) => CheckRow.Skipped($"binding: {name}", "This device, or its driver, has no virtual memory management."),
                _ => CheckRow.Failed($"binding: {name}", $"exit code {code}: {probe.LastError()}"),
            };
        }
    }
}
