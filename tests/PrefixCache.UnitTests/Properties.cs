using System.Runtime.Versioning;

// Tests start servers, and the product runs, on Linux.
[assembly: SupportedOSPlatform("linux")]
