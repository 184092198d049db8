namespace PrefixCache.Cli.Plan.Output;

/// <summary>A figure of the plan.</summary>
/// <param name="Key">Its name in JSON; what stands before a slash is an object that has it.</param>
/// <param name="Label">Its name for people.</param>
/// <param name="Value">Null = there is none; the formula says why.</param>
/// <param name="Unit">Of the value.</param>
/// <param name="Formula">How it is reckoned, with the figures that go in.</param>
internal sealed record PlanLine(string Key, string Label, double? Value, PlanUnit Unit, string Formula);
