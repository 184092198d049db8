namespace PrefixCache.Core.Tiers.Redis.Resp;

/// <summary>Kinds of replies in RESP 2.</summary>
internal enum RespKind
{
    Null,
    Number,
    Bytes,
    Items,
    Error,
}
