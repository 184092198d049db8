using System.Text.Json;

namespace PrefixCache.Core.Replay.Traces;

/// <summary>Lines of <c>{"timestamp": ms, "input_length": n, "output_length": n, "hash_ids": [id, …]}</c>.</summary>
/// <remarks>
/// The lines do not say how many tokens a block has (512 in Mooncake's own, 16 in others of the form): it follows from
/// <c>input_length</c> and the number of ids, which every line must agree with.
/// </remarks>
internal sealed class MooncakeReader(TraceBuilder builder) : TraceReader(builder)
{
    private const int UsualBlockTokens = 512;

    /// <summary>Block sizes that all lines so far agree with.</summary>
    private (int Least, int Most) _blockTokens = (1, int.MaxValue);

    public override void Read(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        var start = Builder.Mark();
        var (time, input, output, units) = (0L, -1, 0, -1);
        Begin(ref json);
        while (TryNext(ref json, out var name))
        {
            switch (name)
            {
                case "timestamp":
                    time = Time(ref json);
                    break;
                case "input_length":
                    input = (int)Integer(ref json, name, 1, int.MaxValue);
                    break;
                case "output_length":
                    output = (int)Integer(ref json, name, 0, int.MaxValue);
                    break;
                case "hash_ids":
                    units = Ids(ref json);
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        if (input < 0) throw new TraceFault("input_length is missing: the prompt's tokens");
        if (units < 0) throw new TraceFault("hash_ids is missing: one id per block of the prompt");
        Narrow(input, units);
        Builder.Add(new TraceRequest(time, input, output, 0, 0), start, units);
    }

    public override ReplayTrace Finish(string file)
    {
        var (least, most) = _blockTokens;
        var power = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)least);
        var tokens = least <= UsualBlockTokens && most >= UsualBlockTokens ? UsualBlockTokens : power <= most ? power : least;
        return Builder.Build(file, TraceFormat.Mooncake, tokens);
    }

    private int Ids(ref Utf8JsonReader json)
    {
        Array(ref json, "hash_ids");
        var count = 0;
        for (; json.Read() && json.TokenType != JsonTokenType.EndArray; count++)
            Builder.Unit(Builder.Block(0, (ulong)Integer(ref json, "an id in hash_ids", long.MinValue, long.MaxValue)));
        return count;
    }

    private void Narrow(int input, int units)
    {
        if (units == 0) throw new TraceFault("hash_ids is empty: one id per block of the prompt");
        var least = Math.Max(_blockTokens.Least, (int)(((long)input + units - 1) / units));
        var most = units == 1 ? _blockTokens.Most : Math.Min(_blockTokens.Most, (input - 1) / (units - 1));
        if (least > most)
        {
            var before = _blockTokens.Least == _blockTokens.Most ? $"{_blockTokens.Least}" : $"{_blockTokens.Least} to {_blockTokens.Most}";
            throw new TraceFault(_blockTokens == (1, int.MaxValue)
                ? $"{units} hash_ids do not go with an input_length of {input}"
                : $"{units} hash_ids do not go with an input_length of {input}: the lines before have blocks of {before} tokens");
        }

        _blockTokens = (least, most);
    }
}
