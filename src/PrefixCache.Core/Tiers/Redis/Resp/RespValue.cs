using System.Text;

namespace PrefixCache.Core.Tiers.Redis.Resp;

/// <summary>One small reply: a number, bytes, a list, nothing, or an error of the server.</summary>
internal readonly struct RespValue
{
    private RespValue(RespKind kind, long number, byte[]? bytes, RespValue[]? items) =>
        (Kind, Number, _bytes, _items) = (kind, number, bytes, items);

    private readonly byte[]? _bytes;
    private readonly RespValue[]? _items;

    public RespKind Kind { get; }

    /// <summary>Of an integer reply.</summary>
    public long Number { get; }

    /// <summary>Of a simple or bulk string, or of an error; empty otherwise.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The same; the caller's, for nobody else has it.</summary>
    public byte[] Array => _bytes ?? [];

    /// <summary>Of a list; empty otherwise.</summary>
    public IReadOnlyList<RespValue> Items => _items ?? [];

    public bool IsNull => Kind == RespKind.Null;

    public bool IsError => Kind == RespKind.Error;

    public string Text => _bytes is null ? "" : Encoding.UTF8.GetString(_bytes);

    public static RespValue OfNumber(long number) => new(RespKind.Number, number, null, null);

    public static RespValue OfBytes(byte[] bytes) => new(RespKind.Bytes, 0, bytes, null);

    public static RespValue OfError(byte[] bytes) => new(RespKind.Error, 0, bytes, null);

    public static RespValue OfItems(RespValue[] items) => new(RespKind.Items, 0, null, items);

    /// <summary>This value, unless it is an error.</summary>
    /// <exception cref="RedisException">It is one.</exception>
    public RespValue OrThrow() => IsError ? throw new RedisException(RedisException.FaultOf(Bytes), Text) : this;
}
