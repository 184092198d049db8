namespace PrefixCache.Server.Options;

/// <summary>Options that a node cannot start with. The message names every fault, one a line.</summary>
public sealed class NodeOptionsException(IReadOnlyList<string> faults)
    : Exception("The node cannot start with these options:" + string.Concat(faults.Select(fault => "\n  - " + fault)))
{
    public IReadOnlyList<string> Faults { get; } = faults;
}
