using System.Globalization;
using System.Security;
using System.Text;

namespace PrefixCache.Cli.Replay;

/// <summary>The miss-ratio curve as an SVG file: dark on light, no script, no font of its own.</summary>
internal static class CurveSvg
{
    private const int Width = 900;
    private const int Left = 80;
    private const int Right = 30;
    private const int Top = 60;
    private const int PlotWidth = Width - Left - Right;
    private const int PlotHeight = 350;
    private const int LegendTop = Top + PlotHeight + 76;
    private const int LegendColumns = 3;
    private const int LegendRow = 22;

    /// <summary>Told apart by people who see few colours, too (Okabe and Ito).</summary>
    private static readonly string[] Colors = ["#0072b2", "#d55e00", "#009e73", "#aa4499", "#8c6d00", "#3f7fbf", "#444444"];

    public static string Draw(MissCurve curve)
    {
        var svg = new StringBuilder();
        var height = LegendTop + ((curve.Series.Count + LegendColumns - 1) / LegendColumns * LegendRow);
        Line(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {height}\" width=\"{Width}\" height=\"{height}\" "
            + "font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" fill=\"#222\">");
        Line(svg, $"<title>Miss ratio of {SecurityElement.Escape(curve.Trace)} by capacity</title>");
        Line(svg, $"<rect width=\"{Width}\" height=\"{height}\" fill=\"#ffffff\"/>");
        Line(svg, $"<text x=\"{Left}\" y=\"32\" font-size=\"17\">Tokens that are no hit: {SecurityElement.Escape(curve.Trace)}</text>");
        DrawRatioAxis(svg, curve);
        DrawCapacityAxis(svg, curve);
        for (var i = 0; i < curve.Series.Count; i++) DrawSeries(svg, curve, curve.Series[i], Colors[i % Colors.Length]);
        for (var i = 0; i < curve.Series.Count; i++) DrawLegend(svg, curve.Series[i], i);
        Line(svg, $"</svg>");
        return svg.ToString();
    }

    private static void DrawRatioAxis(StringBuilder svg, MissCurve curve)
    {
        var step = 1 - curve.LowestRatio > 0.55 ? 0.2 : 1 - curve.LowestRatio > 0.25 ? 0.1 : 0.05;
        for (var ratio = 1.0; ratio >= curve.LowestRatio - 1e-9; ratio -= step)
        {
            var y = Y(curve, ratio);
            Line(svg, $"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{y:0.0}\" y2=\"{y:0.0}\" stroke=\"#dddddd\"/>");
            Line(svg, $"<text x=\"{Left - 10}\" y=\"{y + 4.5:0.0}\" text-anchor=\"end\">{ratio * 100:0} %</text>");
        }

        var middle = Top + (PlotHeight / 2);
        Line(svg, $"<text transform=\"translate(24 {middle}) rotate(-90)\" text-anchor=\"middle\">token miss ratio</text>");
    }

    private static void DrawCapacityAxis(StringBuilder svg, MissCurve curve)
    {
        var bottom = Top + PlotHeight;
        foreach (var (blocks, label) in curve.CapacityTicks(most: 14))
        {
            var x = X(curve, blocks);
            Line(svg, $"<line x1=\"{x:0.0}\" x2=\"{x:0.0}\" y1=\"{Top}\" y2=\"{bottom + 5}\" stroke=\"#dddddd\"/>");
            Line(svg, $"<text x=\"{x:0.0}\" y=\"{bottom + 21}\" text-anchor=\"middle\">{label}</text>");
        }

        Line(svg, $"<path d=\"M{Left} {Top}V{bottom}H{Width - Right}\" fill=\"none\" stroke=\"#222222\"/>");
        Line(svg, $"<text x=\"{Left + (PlotWidth / 2)}\" y=\"{bottom + 46}\" text-anchor=\"middle\">{curve.CapacityTitle} (logarithmic)</text>");
    }

    private static void DrawSeries(StringBuilder svg, MissCurve curve, CurveSeries series, string color)
    {
        var points = string.Join(' ', series.Points.Select(point => string.Create(
            CultureInfo.InvariantCulture, $"{X(curve, point.Blocks):0.0},{Y(curve, point.MissRatio):0.0}")));
        var dashes = series.IsExact ? "" : " stroke-dasharray=\"5 4\"";
        Line(svg, $"<polyline points=\"{points}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"{dashes}/>");
        if (series.IsExact) return;
        foreach (var point in series.Points)
            Line(svg, $"<circle cx=\"{X(curve, point.Blocks):0.0}\" cy=\"{Y(curve, point.MissRatio):0.0}\" r=\"4\" fill=\"{color}\"/>");
    }

    private static void DrawLegend(StringBuilder svg, CurveSeries series, int index)
    {
        var color = Colors[index % Colors.Length];
        var x = Left + (index % LegendColumns * (PlotWidth / LegendColumns));
        var y = LegendTop + (index / LegendColumns * LegendRow);
        var dashes = series.IsExact ? "" : " stroke-dasharray=\"5 4\"";
        Line(svg, $"<line x1=\"{x}\" x2=\"{x + 30}\" y1=\"{y}\" y2=\"{y}\" stroke=\"{color}\" stroke-width=\"2\"{dashes}/>");
        if (!series.IsExact) Line(svg, $"<circle cx=\"{x + 15}\" cy=\"{y}\" r=\"4\" fill=\"{color}\"/>");
        Line(svg, $"<text x=\"{x + 38}\" y=\"{y + 4.5:0.0}\">{SecurityElement.Escape(series.Name)}</text>");
    }

    private static double X(MissCurve curve, double blocks) => Left + (curve.Across(blocks) * PlotWidth);

    private static double Y(MissCurve curve, double ratio) => Top + ((1 - curve.Up(ratio)) * PlotHeight);

    private static void Line(StringBuilder svg, FormattableString text) => svg.Append(FormattableString.Invariant(text)).Append('\n');

    private static void Line(StringBuilder svg, string text) => svg.Append(text).Append('\n');
}
