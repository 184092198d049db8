using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Cuda;
using PrefixCache.GpuCheck.Checks;
using PrefixCache.GpuCheck.Processes;
using PrefixCache.GpuCheck.Reporting;

namespace PrefixCache.GpuCheck;

/// <summary>All checks, one after the other, and their table.</summary>
internal static class CheckProgram
{
    private const string NoDevice =
        "The NVIDIA driver shows no device: look at nvidia-smi -L, at CUDA_VISIBLE_DEVICES, and at what the container is given.";

    /// <summary>The largest check has a hit, its destination and the node's arena on the device, beside two contexts.</summary>
    private const long NeededBytes = 1_500L << 20;

    private const int Failed = 1;
    private const int Impossible = 2;

    private static readonly (string Name, Func<CheckContext, IAsyncEnumerable<CheckRow>> Run)[] Checks =
    [
        ("binding", BindingChecks.RunAsync),
        ("copies", CopyChecks.RunAsync),
        ("shares", ShareChecks.RunAsync),
        ("hits", HitChecks.RunAsync),
        ("hits from Redis", RedisChecks.RunAsync),
        ("moves", MoveChecks.RunAsync),
        ("small moves", SmallMoveChecks.RunAsync),
        ("out of memory", MemoryChecks.RunAsync),
        ("kills", KillChecks.RunAsync),
    ];

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (CheckOptions.Parse(arguments, out var fault) is not { } options) return Refuse(fault);
        if (options.IsHelp)
        {
            Console.WriteLine(CheckOptions.Help);
            return 0;
        }

        try
        {
            if (CudaDriver.Instance.List() is not [var device, ..])
                return Refuse(NoDevice);
            using (var opened = CudaDriver.Instance.Open(device.Uuid))
            {
                if (opened.FreeBytes < NeededBytes)
                    return Refuse($"{device.Text} has {opened.FreeBytes >> 20} MiB free, and the checks need {NeededBytes >> 20}: stop what else uses it.");
            }

            var report = new CheckReport(MachineFacts.Of(device), await RowsAsync(new CheckContext(device, options.IsQuick)));
            Console.WriteLine(report.ToTable());
            if (options.JsonFile is { } json) await File.WriteAllTextAsync(json, report.ToJson() + "\n");
            if (options.MarkdownFile is { } markdown) await File.WriteAllTextAsync(markdown, report.ToMarkdown());
            return report.IsPassed ? 0 : Failed;
        }
        catch (DeviceException exception)
        {
            return Refuse(exception.Message);
        }
    }

    /// <summary>What fails ends its check, not the others: they run in processes of their own.</summary>
    private static async Task<List<CheckRow>> RowsAsync(CheckContext context)
    {
        var rows = new List<CheckRow>();
        foreach (var (name, run) in Checks)
        {
            await Console.Error.WriteLineAsync($"checking: {name}");
            try
            {
                await foreach (var row in run(context)) rows.Add(row);
            }
            catch (Exception exception)
            {
                rows.Add(CheckRow.Failed(name, exception is CheckException ? exception.Message : exception.ToString()));
            }
        }

        return rows;
    }

    private static int Refuse(string reason)
    {
        Console.Error.WriteLine(reason);
        return Impossible;
    }
}
