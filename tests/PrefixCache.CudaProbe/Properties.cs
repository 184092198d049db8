using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: InternalsVisibleTo("PrefixCache.GpuCheck")]
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
