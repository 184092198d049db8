using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("PrefixCache.UnitTests")]
