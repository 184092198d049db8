using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("PrefixCache.GpuCheck")]
