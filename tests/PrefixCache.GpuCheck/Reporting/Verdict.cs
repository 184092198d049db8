namespace PrefixCache.GpuCheck.Reporting;

/// <summary>What became of a check.</summary>
internal enum Verdict
{
    Pass,
    Fail,

    /// <summary>It could not be made here; its row says why.</summary>
    Skip,
}
