using FsCheck;
using FsCheck.Fluent;

namespace PrefixCache.UnitTests.Transfers;

public class NodeModelTests
{
    private static readonly (int Weight, StepKind Kind)[] Weights =
    [
        (8, StepKind.Lookup), (6, StepKind.OpenStore), (12, StepKind.Commit), (3, StepKind.EndStore), (4, StepKind.OpenRetrieve),
        (4, StepKind.EndRetrieve), (2, StepKind.Loaded), (5, StepKind.Done), (1, StepKind.Clear), (1, StepKind.EndSession),
            (1, StepKind.Age),
    ];

    /// <summary>Whatever happens in whatever order, hits are what was committed, bytes are what was stored, and counts agree.</summary>
    [Fact]
    public void Node_AnySequenceOfOperations_AgreesWithTheModel()
    {
        var step =
            from kind in Gen.Elements(Weights.SelectMany(entry => Enumerable.Repeat(entry.Kind, entry.Weight)).ToArray())
            from numbers in Gen.Choose(0, 1000).ArrayOf(4)
            select new Step(kind, numbers[0], numbers[1], numbers[2], numbers[3]);
        var steps = Gen.Choose(1, 150).SelectMany(count => step.ArrayOf(count));

        Prop.ForAll(Arb.From(steps, Shorter), sequence =>
        {
            using var model = new NodeModel();
            foreach (var next in sequence) model.Apply(next);
            model.Finish();
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    private static IEnumerable<Step[]> Shorter(Step[] steps)
    {
        if (steps.Length > 3)
        {
            yield return steps[..(steps.Length / 2)];
            yield return steps[(steps.Length / 2)..];
        }

        for (var i = 0; i < steps.Length; i++) yield return [.. steps[..i], .. steps[(i + 1)..]];
    }
}
