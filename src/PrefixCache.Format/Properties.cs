using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("PrefixCache.UnitTests")]
[assembly: InternalsVisibleTo("PrefixCache.Benchmarks")]
[assembly: InternalsVisibleTo("PrefixCache.CudaProbe")]
[assembly: InternalsVisibleTo("PrefixCache.GpuCheck")]
