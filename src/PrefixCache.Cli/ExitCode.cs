namespace PrefixCache.Cli;

/// <summary>What the process ends with; docs/configuration.md lists them.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>It could not start, or failed while it ran.</summary>
    public const int Failure = 1;

    /// <summary>The options have faults; nothing was started.</summary>
    public const int BadOptions = 2;
}
