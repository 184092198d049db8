using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: InternalsVisibleTo("PrefixCache.IntegrationTests")]
[assembly: InternalsVisibleTo("PrefixCache.Benchmarks")]
[assembly: InternalsVisibleTo("prefixcache")]
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
