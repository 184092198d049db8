using System.IO.Compression;
using System.Text;
using PrefixCache.Core.Replay.Traces;

namespace PrefixCache.UnitTests.Replay;

/// <summary>Traces of a test's own, as files.</summary>
internal static class TraceText
{
    public static ReplayTrace Load(string text, TraceFormat? format = null, int limit = int.MaxValue, string extension = ".jsonl")
    {
        var path = Path.Combine(Path.GetTempPath(), $"prefixcache-{Guid.NewGuid():n}{extension}");
        try
        {
            using (var file = File.Create(path))
            using (Stream stream = extension.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file)
                stream.Write(Encoding.UTF8.GetBytes(text));
            return TraceFile.Load(path, format, limit, null, TestContext.Current.CancellationToken);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>The fault behind the file's name.</summary>
    public static string Fault(string text, TraceFormat? format = null)
    {
        var message = Assert.Throws<TraceException>(() => Load(text, format)).Message;
        return message[(message.IndexOf(".jsonl", StringComparison.Ordinal) + ".jsonl".Length)..];
    }

    /// <summary>A trace of token prompts, with what was generated behind them.</summary>
    public static ReplayTrace OfTokens(IEnumerable<(uint[] Prompt, uint[] Output)> requests) => Load(string.Join('\n', requests.Select(
        request => $$"""{"tokens":[{{string.Join(',', request.Prompt)}}],"output":[{{string.Join(',', request.Output)}}]}""")));
}
