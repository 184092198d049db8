namespace PrefixCache.UnitTests.Transfers;

internal enum StepKind
{
    Lookup,
    OpenStore,
    Commit,
    EndStore,
    OpenRetrieve,
    EndRetrieve,
    Loaded,
    Done,
    Clear,
    EndSession,
    Age,
}

/// <summary>One operation on a <see cref="NodeModel"/>; the numbers choose among what is there.</summary>
internal sealed record Step(StepKind Kind, int A, int B, int C, int D);
