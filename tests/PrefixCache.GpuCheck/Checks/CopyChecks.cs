using System.Globalization;
using System.Text.Json;
using PrefixCache.GpuCheck.Processes;
using PrefixCache.GpuCheck.Reporting;

namespace PrefixCache.GpuCheck.Checks;

/// <summary>H2D, D2H and D2D through the product's streams.</summary>
internal static class CopyChecks
{
    private const int Rows = 6;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static async IAsyncEnumerable<CheckRow> RunAsync(CheckContext context)
    {
        await using var copies = CheckProcess.Start(
            "copies", context.Device.Uuid.ToString(), context.Rounds.ToString(CultureInfo.InvariantCulture));
        for (var row = 0; row < Rows; row++)
        {
            if (await copies.ReadAsync(Patience) is not { } line)
            {
                var code = await copies.WaitForExitAsync();
                throw new CheckException($"After {row} of {Rows} rows the process ended with {code}: {copies.LastError()}");
            }

            yield return JsonSerializer.Deserialize<CheckRow>(line, CheckReport.Json)!;
        }
    }
}
