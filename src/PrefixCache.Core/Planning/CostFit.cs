namespace PrefixCache.Core.Planning;

/// <summary>
/// Fits y = A·u + B·v with A, B ≥ 0 to reports as they come: weighted least squares that forget, and pull what the reports leave open
/// towards where they began.
/// </summary>
/// <remarks>
/// A report that is more than twice or less than half of what was expected counts as twice or half of it, so one bad one moves little. A
/// second one in a row on the same side is the truth, and what was before it counts a tenth of it. Five sums: memory and time do not grow
/// with the reports. Not thread-safe.
/// </remarks>
internal sealed class CostFit
{
    /// <summary>Beyond this factor a report is no noise: it is an outlier, or the machine has changed.</summary>
    private const double Surprise = 2;

    /// <summary>What is left of the weight of earlier reports when the machine has changed.</summary>
    private const double AfterChange = 0.1;

    private readonly double _forgetting;
    private readonly double _startA;
    private readonly double _startB;
    private readonly double _pullA;
    private readonly double _pullB;
    private double _uu;
    private double _uv;
    private double _vv;
    private double _uy;
    private double _vy;

    /// <summary>On which side of its expectation the last report was a surprise; 0 = it was none.</summary>
    private int _side;

    /// <param name="forgetting">What the reports so far keep of their weight with each new one; below 1.</param>
    /// <param name="startA">A without reports.</param>
    /// <param name="startB">B without reports.</param>
    /// <param name="pullA">Weight of <paramref name="startA"/>, in reports.</param>
    /// <param name="pullB">Weight of <paramref name="startB"/>, in reports.</param>
    public CostFit(double forgetting, double startA, double startB, double pullA, double pullB)
    {
        _forgetting = forgetting;
        (A, B) = (_startA, _startB) = (startA, startB);
        (_pullA, _pullB) = (pullA, pullB);
    }

    public double A { get; private set; }

    public double B { get; private set; }

    /// <summary>Takes a report in.</summary>
    /// <param name="expected">What was expected of <paramref name="y"/>; 0 = nothing.</param>
    /// <param name="weight">How much it says, above 0 to 1.</param>
    /// <param name="earlier">What earlier reports still count, 0 to 1.</param>
    public void Add(double u, double v, double y, double expected, double weight = 1, double earlier = 1)
    {
        var keep = _forgetting;
        if (expected > 0)
        {
            var side = y > expected * Surprise ? 1 : y < expected / Surprise ? -1 : 0;
            // In sums of times the slow past weighs more than the fast present: by so much less it has to count.
            if (side != 0 && side == _side) keep = AfterChange * Math.Min(1, y / expected);
            else if (side != 0) y = side > 0 ? expected * Surprise : expected / Surprise;
            _side = side;
        }

        keep = Math.Pow(keep, weight) * earlier;
        _uu = (keep * _uu) + (weight * u * u);
        _uv = (keep * _uv) + (weight * u * v);
        _vv = (keep * _vv) + (weight * v * v);
        _uy = (keep * _uy) + (weight * u * y);
        _vy = (keep * _vy) + (weight * v * y);
        Solve();
    }

    /// <summary>Where the best coefficient of one kind is below 0 it is 0, and the other is the best without it.</summary>
    private void Solve()
    {
        var (uu, vv) = (_uu + _pullA, _vv + _pullB);
        var (uy, vy) = (_uy + (_pullA * _startA), _vy + (_pullB * _startB));
        var determinant = (uu * vv) - (_uv * _uv);
        var (a, b) = determinant > 1e-12 * uu * vv
            ? (((uy * vv) - (vy * _uv)) / determinant, ((vy * uu) - (uy * _uv)) / determinant)
            : (uy / uu, 0);
        if (a < 0) (a, b) = (0, vy / vv);
        else if (b < 0) (a, b) = (uy / uu, 0);
        (A, B) = (a, b);
    }
}
