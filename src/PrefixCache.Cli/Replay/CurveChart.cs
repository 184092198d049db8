using System.Text;

namespace PrefixCache.Cli.Replay;

/// <summary>The miss-ratio curve in characters: exact lines in braille dots, runs as one letter a policy.</summary>
internal static class CurveChart
{
    private const int Columns = 72;
    private const int Rows = 16;
    private const int DotsAcross = 2;
    private const int DotsDown = 4;
    private const int LabelColumns = 7;
    private const char Braille = '\u2800';

    /// <summary>Bits of a braille character's dots, by row and column.</summary>
    private static readonly int[,] Dots = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };

    private static readonly char[] Marks = ['●', '▲', '■', '◆', '○', '△', '□', '◇'];

    /// <summary>Lines without colour or control characters.</summary>
    public static IReadOnlyList<string> Draw(MissCurve curve)
    {
        var cells = new char[Rows, Columns];
        foreach (var series in curve.Series.Where(line => line.IsExact)) DrawLine(cells, curve, series);
        var marked = curve.Series.Where(line => !line.IsExact).ToList();

        // The first in the legend lies on top.
        for (var i = marked.Count - 1; i >= 0; i--) DrawMarks(cells, curve, marked[i], Mark(i));
        var lines = new List<string> { "token miss ratio" };
        for (var row = 0; row < Rows; row++) lines.Add(Label(curve, row) + Row(cells, row));
        lines.Add(Axis(curve, out var labels));
        lines.Add(labels);
        lines.Add(new string(' ', LabelColumns + 1) + curve.CapacityTitle + " (logarithmic)");
        var legend = curve.Series.Where(line => line.IsExact).Select(line => $"⠒⠒ {line.Name}")
            .Concat(marked.Select((line, index) => $"{Mark(index)} {line.Name}"));
        lines.Add(new string(' ', LabelColumns + 1) + string.Join("   ", legend));
        return lines;
    }

    private static char Mark(int series) => Marks[series % Marks.Length];

    private static void DrawLine(char[,] cells, MissCurve curve, CurveSeries series)
    {
        (int X, int Y)? before = null;
        foreach (var point in series.Points)
        {
            var (x, y) = ((int)Math.Round(curve.Across(point.Blocks) * ((Columns * DotsAcross) - 1)), Down(curve, point, Rows * DotsDown));
            var (fromX, fromY) = before ?? (x, y);
            var steps = Math.Max(1, Math.Max(Math.Abs(x - fromX), Math.Abs(y - fromY)));
            for (var step = 0; step <= steps; step++) Dot(fromX + ((x - fromX) * step / steps), fromY + ((y - fromY) * step / steps));
            before = (x, y);
        }

        void Dot(int x, int y)
        {
            ref var cell = ref cells[y / DotsDown, x / DotsAcross];
            if (cell == default) cell = Braille;
            cell |= (char)Dots[y % DotsDown, x % DotsAcross];
        }
    }

    private static void DrawMarks(char[,] cells, MissCurve curve, CurveSeries series, char mark)
    {
        foreach (var point in series.Points)
            cells[Down(curve, point, Rows), (int)Math.Round(curve.Across(point.Blocks) * (Columns - 1))] = mark;
    }

    private static int Down(MissCurve curve, in CurvePoint point, int steps) =>
        Math.Clamp((int)Math.Round((1 - curve.Up(point.MissRatio)) * (steps - 1)), 0, steps - 1);

    private static string Label(MissCurve curve, int row)
    {
        if (row % 3 != 0) return new string(' ', LabelColumns) + "│";
        var ratio = 1 - ((1 - curve.LowestRatio) * row / (Rows - 1));
        return ratio.ToString("0.0 %", System.Globalization.CultureInfo.InvariantCulture).PadLeft(LabelColumns) + "┤";
    }

    private static string Row(char[,] cells, int row)
    {
        var text = new StringBuilder();
        for (var column = 0; column < Columns; column++) text.Append(cells[row, column] == default ? ' ' : cells[row, column]);
        return text.ToString().TrimEnd();
    }

    private static string Axis(MissCurve curve, out string labels)
    {
        var axis = new StringBuilder().Append('─', Columns);
        var text = new StringBuilder().Append(' ', LabelColumns + 1 + Columns + LabelColumns);
        var free = 0;
        foreach (var (blocks, label) in curve.CapacityTicks(most: 12))
        {
            var column = (int)Math.Round(curve.Across(blocks) * (Columns - 1));
            axis[column] = '┬';
            var start = Math.Max(0, LabelColumns + 1 + column - (label.Length / 2));
            if (start < free) continue;
            for (var i = 0; i < label.Length; i++) text[start + i] = label[i];
            free = start + label.Length + 1;
        }

        labels = text.ToString().TrimEnd();
        return new string(' ', LabelColumns) + "└" + axis;
    }
}
