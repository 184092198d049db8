using System.Globalization;
using PrefixCache.Client;
using PrefixCache.TestDevices.HostMemory;
using PrefixCache.TestWorker;

// A process of an engine for tests: address, instance, rank (none = scheduler) and, in any order, shared-memory (without it payload
// travels in streams), device (it computes on a device of host memory) and lenient (what goes wrong is a miss) as arguments, commands on
// standard input.
var sharedMemory = args.Contains("shared-memory");
var lenient = args.Contains("lenient");
var who = args.Except(["shared-memory", "device", "lenient"]).ToArray();
using var device = args.Contains("device") ? new HostMemoryDevice() : null;
var client = await PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions
{
    Address = who[0],
    InstanceId = who[1],
    Role = who.Length > 2 ? WorkerRole.Rank : WorkerRole.Scheduler,
    Rank = who.Length > 2 ? int.Parse(who[2], CultureInfo.InvariantCulture) : 0,
    Strict = !lenient,
    CallTimeout = TimeSpan.FromSeconds(30),
    SharedMemory = sharedMemory,
    Device = device,
});
if (sharedMemory && client.Plane != TransferPlane.SharedMemory) throw new PrefixCacheException("The worker has no shared memory.");
await using var worker = new Worker(client, Console.Out);
await Console.Out.WriteLineAsync("ready");
await worker.RunAsync(Console.In);
return 0;
