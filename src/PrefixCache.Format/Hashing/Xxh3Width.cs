namespace PrefixCache.Format.Hashing;

/// <summary>Vector widths that the striped path of <see cref="Xxh3"/> exists in.</summary>
internal enum Xxh3Width
{
    Scalar,
    Vector128,
    Vector256,
    Vector512,
}
