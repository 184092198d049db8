namespace PrefixCache.Core.Pins;

/// <summary>What may be pinned.</summary>
public sealed record PinOptions
{
    /// <summary>Most of an arena that the pins of one namespace keep, 0 to 1.</summary>
    public double MaxShare { get; init; } = 0.25;

    /// <summary>A pin that is not renewed ends after so long.</summary>
    public TimeSpan MaxTime { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Most pins of the node.</summary>
    public int MaxPins { get; init; } = 1024;
}
