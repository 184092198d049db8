using System.Globalization;
using System.Text.Json;
using PrefixCache.Client;
using PrefixCache.Format.Devices;
using PrefixCache.Format.Native.Cuda;
using PrefixCache.GpuCheck.Memory;
using PrefixCache.GpuCheck.Processes;
using PrefixCache.GpuCheck.Reporting;

namespace PrefixCache.GpuCheck.Worker;

/// <summary>A worker with a device, in a process of its own: commands on standard input, a JSON line for each.</summary>
internal sealed class WorkerProgram(PrefixCacheClient client, CudaDevice device) : IDisposable
{
    private readonly PromptRequests _requests = new(client, device);
    private RequestLoop? _loop;

    /// <param name="isStrict">What goes wrong is an error; else it is a miss, as in production.</param>
    public static async Task<int> RunAsync(string address, Guid uuid, bool isStrict)
    {
        using var device = (CudaDevice)CudaDriver.Instance.Open(uuid);
        await using var client = await PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions
        {
            Address = address,
            Strict = isStrict,
            Device = device,
            CallTimeout = TimeSpan.FromSeconds(20),
            MaxReconnectDelay = TimeSpan.FromMilliseconds(200),
        });
        await client.RegisterLayoutAsync(KvPattern.LlamaLayout);
        using var worker = new WorkerProgram(client, device);
        await Console.Out.WriteLineAsync("ready");
        while (await Console.In.ReadLineAsync() is { } line)
        {
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(await worker.AnswerAsync(line.Split(' ')), CheckReport.Json));
        }

        return 0;
    }

    public void Dispose()
    {
        _loop?.StopAsync().GetAwaiter().GetResult();
        _requests.Dispose();
    }

    private async Task<WorkerReply> AnswerAsync(string[] words)
    {
        try
        {
            return await DoAsync(words);
        }
        catch (Exception exception) when (exception is CheckException or DeviceException or PrefixCacheException)
        {
            return new WorkerReply { Error = exception.Message };
        }
    }

    private async Task<WorkerReply> DoAsync(string[] words)
    {
        switch (words[0])
        {
            case "store":
                return await _requests.StoreAsync(Number(words[1]));
            case "promote":
                return await _requests.PromoteAsync(Number(words[1]));
            case "measure":
                return await _requests.MeasureAsync(
                    Number(words[1]), Enum.Parse<TransferSource>(words[2]), Enum.Parse<DestinationShape>(words[3]), Number(words[4]));
            case "fresh":
                return await _requests.LoadAsync(Number(words[1]));
            case "plain":
                return _requests.PlainCopies(Number(words[1]));
            case "moves":
                return await new SmallMoves(client, device).RunAsync(Number(words[1]));
            case "allocate":
                return TakeTooMuch();
            case "loop":
                _loop = new RequestLoop(client, device, KvPattern.Llama(Number(words[1])));
                return _loop.Counts;
            case "counts":
                return _loop!.Counts;
            case "stop":
                return await _loop!.StopAsync();
            default:
                throw new CheckException($"There is no command {words[0]}.");
        }
    }

    /// <summary>More than any device of this machine has.</summary>
    private WorkerReply TakeTooMuch()
    {
        try
        {
            device.Allocate(device.Identity.TotalBytes * 2).Dispose();
            return new WorkerReply { Error = "Twice the device's memory was handed out." };
        }
        catch (DeviceException exception) when (exception.IsOutOfMemory)
        {
            return new WorkerReply { Note = exception.Message };
        }
    }

    private static int Number(string word) => int.Parse(word, CultureInfo.InvariantCulture);
}
