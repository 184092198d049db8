using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("PrefixCache.GpuCheck")]
[assembly: InternalsVisibleTo("PrefixCache.UnitTests")]
[assembly: InternalsVisibleTo("PrefixCache.IntegrationTests")]
