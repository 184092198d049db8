using PrefixCache.GpuCheck.Memory;
using PrefixCache.GpuCheck.Processes;
using PrefixCache.GpuCheck.Reporting;

namespace PrefixCache.GpuCheck.Checks;

/// <summary>Memory of one process that a second one maps, by a descriptor and by a handle.</summary>
internal static class ShareChecks
{
    private const string ByDescriptor = "share by descriptor";
    private const string NoDescriptor = "This device, or its driver, has no virtual memory management: it shares by handles.";
    private const string Outlives = "descriptor outlives its exporter";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static async IAsyncEnumerable<CheckRow> RunAsync(CheckContext context)
    {
        var verified = $"{KvPattern.Llama(0).Bytes:#,0} B verified by the second process, and what it wrote by the first";
        await using (var pair = await SharePair.StartAsync(context.Device.Uuid, byHandle: false))
        {
            if (pair.Way == "descriptor")
            {
                await pair.VerifyAsync();
                yield return CheckRow.Passed(ByDescriptor, verified);
                await pair.KillExporterAsync();
                await pair.VerifyAgainAsync();
                yield return CheckRow.Passed(Outlives, "exporter killed with -9; all bytes read and verified again");
            }
            else
            {
                yield return CheckRow.Skipped(ByDescriptor, NoDescriptor);
                yield return CheckRow.Skipped(Outlives, NoDescriptor);
            }
        }

        await using (var pair = await SharePair.StartAsync(context.Device.Uuid, byHandle: true))
        {
            await pair.VerifyAsync();
            yield return CheckRow.Passed("share by handle", verified);
        }
    }

    private sealed class SharePair(CheckProcess exporter, CheckProcess importer, string way) : IAsyncDisposable
    {
        /// <summary>descriptor or handle.</summary>
        public string Way => way;

        public static async Task<SharePair> StartAsync(Guid device, bool byHandle)
        {
            var name = $"prefixcache-gpu-check-{Guid.NewGuid():N}";
            var exporter = CheckProcess.Start("exporter", name, device.ToString(), byHandle ? "handle" : "descriptor");
            if (await exporter.ReadAsync(Patience) is { } way)
                return new SharePair(exporter, CheckProcess.Start("importer", name, device.ToString()), way);
            await exporter.DisposeAsync();
            throw new CheckException($"The process that was to share memory said: {exporter.LastError()}");
        }

        public async Task VerifyAsync()
        {
            if (await importer.ReadAsync(Patience) != "right") throw new CheckException($"The second process said: {importer.LastError()}");
            await exporter.AskAsync("look at what the other wrote", Patience);
        }

        public async Task KillExporterAsync()
        {
            exporter.Kill();
            await exporter.WaitForExitAsync();
        }

        public Task<string> VerifyAgainAsync() => importer.AskAsync("look again", Patience);

        public async ValueTask DisposeAsync()
        {
            await importer.DisposeAsync();
            await exporter.DisposeAsync();
        }
    }
}
