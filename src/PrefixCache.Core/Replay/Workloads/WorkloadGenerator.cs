using PrefixCache.Core.Replay.Traces;

namespace PrefixCache.Core.Replay.Workloads;

/// <summary>Makes requests as a service of several applications sees them: shared system prompts, sessions of many turns,
/// documents.</summary>
/// <remarks>
/// A session begins with one of the system prompts and comes back after a think time with its history and a little more. Some requests
/// carry documents behind the history, which are of no use to anybody afterwards. The same options give the same requests. Not thread-safe.
/// </remarks>
public sealed class WorkloadGenerator
{
    private readonly WorkloadOptions _options;
    private readonly WorkloadRandom _random;
    private readonly List<int>[] _prompts;
    private readonly double[] _popularity;
    private readonly PriorityQueue<Session, (double Time, int Order)> _turns = new();
    private int _chunks;
    private int _order;

    public WorkloadGenerator(WorkloadOptions options)
    {
        _options = options;
        _random = new WorkloadRandom(options.Seed);
        _prompts = [.. Enumerable.Range(0, options.Prompts).Select(_ => NewChunks([], options.PromptChunks))];
        _popularity = new double[options.Prompts];
        var sum = 0.0;
        for (var rank = 0; rank < options.Prompts; rank++) _popularity[rank] = sum += Math.Pow(rank + 1, -options.PromptSkew);
        for (var rank = 0; rank < options.Prompts; rank++) _popularity[rank] /= sum;
    }

    /// <summary>The workload as a trace that a replay runs.</summary>
    public static ReplayTrace Trace(WorkloadOptions options)
    {
        var builder = new TraceBuilder();
        var one = builder.Namespace("");
        foreach (var request in new WorkloadGenerator(options).Requests())
        {
            var start = builder.Mark();
            foreach (var chunk in request.Chunks) builder.Unit(builder.Block(one, (ulong)chunk));
            builder.Add(new TraceRequest((long)request.Time.TotalMilliseconds, request.Tokens, 0, one, options.ChunkTokens), start,
                request.Chunks.Count);
        }

        return builder.Build("generated", TraceFormat.Mooncake, options.ChunkTokens);
    }

    /// <summary>The requests in the order in which they come. Once for each generator.</summary>
    public IEnumerable<GeneratedRequest> Requests()
    {
        var arrival = _random.NextExponential(1 / _options.SessionsPerSecond);
        for (var count = 0; count < _options.Requests; count++)
        {
            double time;
            Session? session;
            while (!_turns.TryPeek(out session, out var next) || next.Time > arrival)
            {
                _turns.Enqueue(Begin(), (arrival, _order++));
                arrival += _random.NextExponential(1 / _options.SessionsPerSecond);
            }

            _turns.TryDequeue(out session, out var turn);
            time = turn.Time;
            yield return Serve(session!, time);
            if (--session!.TurnsLeft == 0) continue;
            var think = _random.NextLogNormal(_options.ThinkTime.TotalSeconds, _options.ThinkSpread);
            _turns.Enqueue(session, (time + think, _order++));
        }
    }

    private Session Begin()
    {
        var rank = Array.BinarySearch(_popularity, _random.NextUnit());
        var session = new Session([.. _prompts[Math.Min(rank < 0 ? ~rank : rank, _prompts.Length - 1)]]);
        if (_random.NextUnit() < _options.OneShotShare) return session;
        while (_random.NextUnit() < 1 - (1 / _options.MeanTurns)) session.TurnsLeft++;
        return session;
    }

    private GeneratedRequest Serve(Session session, double time)
    {
        NewChunks(session.History, _options.TurnChunks);
        List<int> chunks = [.. session.History];
        if (_random.NextUnit() < _options.DocumentShare) NewChunks(chunks, _options.DocumentChunks);

        // What fills no chunk: the next turn has more tokens there, so that its chunk is another one.
        chunks.Add(_chunks++);
        var tokens = ((chunks.Count - 1) * _options.ChunkTokens) + (_options.ChunkTokens / 2);
        return new GeneratedRequest(TimeSpan.FromSeconds(time), chunks, tokens);
    }

    private List<int> NewChunks(List<int> chunks, (int From, int To) range)
    {
        for (var left = _random.NextInt(range.From, range.To); left > 0; left--) chunks.Add(_chunks++);
        return chunks;
    }

    private sealed class Session(List<int> history)
    {
        public List<int> History { get; } = history;

        public int TurnsLeft { get; set; } = 1;
    }
}
