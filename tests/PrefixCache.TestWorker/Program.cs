using System.Globalization;
using PrefixCache.Client;
using PrefixCache.TestWorker;

// A process of an engine for tests: address, instance and rank (none = scheduler) as arguments, commands on standard input.
var client = await PrefixCacheClient.ConnectAsync(new PrefixCacheClientOptions
{
    Address = args[0],
    InstanceId = args[1],
    Role = args.Length > 2 ? WorkerRole.Rank : WorkerRole.Scheduler,
    Rank = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 0,
    Strict = true,
    CallTimeout = TimeSpan.FromSeconds(30),
});
await using var worker = new Worker(client, Console.Out);
await Console.Out.WriteLineAsync("ready");
await worker.RunAsync(Console.In);
return 0;
