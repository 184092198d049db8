using PrefixCache.GpuCheck;
using PrefixCache.GpuCheck.Binding;
using PrefixCache.GpuCheck.Copies;
using PrefixCache.GpuCheck.Nodes;
using PrefixCache.GpuCheck.Sharing;
using PrefixCache.GpuCheck.Worker;

// Checks of the GPU tier on whichever libcuda.so.1 this machine has. Without a command all of them; the commands are the processes that
// they run in, each of which ends when its standard input does.
return args.FirstOrDefault() switch
{
    "node" => await NodeProgram.RunAsync(args[1..]),
    "worker" => await WorkerProgram.RunAsync(args[1], Guid.Parse(args[2]), args[3] == "strict"),
    "probe" => ProbeProgram.Run(args[1]),
    "copies" => CopyProgram.Run(Guid.Parse(args[1]), int.Parse(args[2], System.Globalization.CultureInfo.InvariantCulture)),
    "exporter" => ExporterProgram.Run(args[1], Guid.Parse(args[2]), args[3] == "handle"),
    "importer" => ImporterProgram.Run(args[1], Guid.Parse(args[2])),
    "redis" => RedisProgram.Run(args[1..]),
    _ => await CheckProgram.RunAsync(args),
};
