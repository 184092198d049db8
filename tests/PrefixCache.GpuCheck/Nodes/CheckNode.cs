using PrefixCache.Client;
using PrefixCache.GpuCheck.Processes;
using PrefixCache.Protocol.V1;

namespace PrefixCache.GpuCheck.Nodes;

/// <summary>A node in a process of its own, on a port of 127.0.0.1, and what it says of itself.</summary>
internal sealed class CheckNode : IAsyncDisposable
{
    private const string Ready = "ready ";
    private const string Tier = "GPU tier";
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(60);

    /// <summary>Room for some prompts in both memories; they go up at the first hit, and all of a hit is worth loading.</summary>
    public static readonly string[] Roomy = OnDevice("512MiB", "256MiB");

    private readonly CheckProcess _process;
    private readonly PrefixCacheClient _client;

    private CheckNode(CheckProcess process, string address, PrefixCacheClient client) =>
        (_process, Address, _client) = (process, address, client);

    public string Address { get; }

    /// <summary>What it has logged.</summary>
    public string Log => _process.Errors;

    /// <summary>Options of a node with so much memory of the host's and the device's.</summary>
    public static string[] OnDevice(string capacity, string gpuCapacity) =>
        ["--capacity", capacity, "--gpu-capacity", gpuCapacity, "--gpu-promote-after", "1", "--load-mode", "always"];

    /// <param name="options">Of `prefixcache serve`.</param>
    public static async Task<CheckNode> StartAsync(params IEnumerable<string> options)
    {
        string[] all = [.. options];
        string[] listen = all.Contains("--listen") ? [] : ["--listen", "127.0.0.1:0"];
        var process = CheckProcess.Start("node", [.. listen, .. all]);
        try
        {
            while (await process.ReadAsync(StartTime) is { } line)
            {
                if (!line.StartsWith(Ready, StringComparison.Ordinal)) continue;
                var address = line[Ready.Length..].Split(' ')[0];
                return new CheckNode(process, address, await PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions
                {
                    Address = address,
                    SharedMemory = false,
                    Strict = true,
                    CallTimeout = TimeSpan.FromSeconds(20),
                }));
            }

            throw new CheckException($"The node did not start: {process.LastError()}");
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>The first line of its log that has a word; null = none has.</summary>
    public string? Line(string word) => Log.Split('\n').FirstOrDefault(line => line.Contains(word, StringComparison.Ordinal))?.Trim();

    public Task<GetStatisticsResponse> StatisticsAsync() => _client.GetStatisticsAsync();

    /// <summary>Of its one device.</summary>
    public async Task<DeviceStatistics> DeviceAsync() => (await StatisticsAsync()).Devices is [var device]
        ? device
        : throw new CheckException($"The node has no device: {Line(Tier)}");

    /// <summary>Forgets every chunk.</summary>
    public Task ClearAsync() => _client.ClearAllAsync();

    /// <summary>Asks again and again until its statistics are as they should be.</summary>
    /// <exception cref="CheckException">They are not within half a minute.</exception>
    public async Task UntilAsync(Func<GetStatisticsResponse, bool> condition, string what)
    {
        var until = DateTime.UtcNow.AddSeconds(30);
        GetStatisticsResponse last;
        while (!condition(last = await StatisticsAsync()))
        {
            if (DateTime.UtcNow > until) throw new CheckException($"Not within 30 s: {what}. {last.Devices} {last.Redis}");
            await Task.Delay(5);
        }
    }

    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _process.DisposeAsync();
    }
}
