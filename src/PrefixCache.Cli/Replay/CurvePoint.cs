namespace PrefixCache.Cli.Replay;

/// <param name="Blocks">Capacity in chunks, of each node.</param>
/// <param name="MissRatio">Tokens that were no hit, 0 to 1.</param>
internal readonly record struct CurvePoint(double Blocks, double MissRatio);
