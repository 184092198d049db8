namespace PrefixCache.Core.Replay.Traces;

/// <summary>A trace cannot be read; the message names file, line and fault.</summary>
public sealed class TraceException : Exception
{
    public TraceException(string message)
        : base(message)
    {
    }

    public TraceException(string message, Exception inner)
        : base(message, inner)
    {
    }

    internal TraceException(string file, int line, string fault)
        : base($"{file}:{line}: {fault}")
    {
    }
}
