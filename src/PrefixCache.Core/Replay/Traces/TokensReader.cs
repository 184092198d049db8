using System.Text.Json;

namespace PrefixCache.Core.Replay.Traces;

/// <summary>
/// Lines of <c>{"tokens": [id, …]}</c> with, where they are known, <c>output</c> (generated tokens), <c>timestamp</c>,
/// <c>namespace</c> and <c>salt</c>.
/// </summary>
internal sealed class TokensReader(TraceBuilder builder) : TraceReader(builder)
{
    private readonly List<uint> _output = [];

    public override void Read(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        var start = Builder.Mark();
        var (time, prompt, outputs, space, salt) = (0L, -1, 0, "", "");
        _output.Clear();
        Begin(ref json);
        while (TryNext(ref json, out var name))
        {
            switch (name)
            {
                case "tokens":
                    prompt = Prompt(ref json);
                    break;
                case "output" or "output_tokens" when json.TokenType == JsonTokenType.Number:
                    outputs = (int)Integer(ref json, name, 0, int.MaxValue);
                    break;
                case "output" or "output_tokens":
                    Array(ref json, name);
                    while (json.Read() && json.TokenType != JsonTokenType.EndArray) _output.Add(Token(ref json, name));
                    outputs = _output.Count;
                    break;
                case "timestamp":
                    time = Time(ref json);
                    break;
                case "namespace":
                    space = Name(ref json, name);
                    break;
                case "salt":
                    salt = Name(ref json, name);
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        if (prompt < 0) throw new TraceFault("tokens is missing: the prompt's token ids");
        if (prompt == 0) throw new TraceFault("tokens is empty: a prompt has one token at least");
        foreach (var token in _output) Builder.Unit(token);
        // The length before the first name keeps two names apart from one that looks like both.
        var number = Builder.Namespace($"{space.Length}:{space}{salt}");
        Builder.Add(new TraceRequest(time, prompt, outputs, number, 1), start, prompt);
    }

    public override ReplayTrace Finish(string file) => Builder.Build(file, TraceFormat.Tokens, 0);

    private int Prompt(ref Utf8JsonReader json)
    {
        Array(ref json, "tokens");
        var count = 0;
        for (; json.Read() && json.TokenType != JsonTokenType.EndArray; count++) Builder.Unit(Token(ref json, "tokens"));
        return count;
    }

    private static uint Token(ref Utf8JsonReader json, string name) =>
        (uint)Integer(ref json, $"a token in {name}", 0, uint.MaxValue);

    private static string Name(ref Utf8JsonReader json, string name) => json.TokenType == JsonTokenType.String
        ? json.GetString()!
        : throw new TraceFault($"{name} is {Shown(ref json)}: a string is needed");
}
