namespace PrefixCache.Cli.Replay;

/// <summary>One line of a miss-ratio curve.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Points">In rising capacity.</param>
/// <param name="IsExact">Every capacity was computed; otherwise the points are runs, and what is between them is not known.</param>
internal sealed record CurveSeries(string Name, IReadOnlyList<CurvePoint> Points, bool IsExact);
