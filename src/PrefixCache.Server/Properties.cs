using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: InternalsVisibleTo("PrefixCache.IntegrationTests")]
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
