using System.Diagnostics.CodeAnalysis;

namespace PrefixCache.Core.Results;

/// <summary>A value or an expected failure.</summary>
public readonly struct Result<T>
{
    private Result(T? value, CacheError? error) => (Value, Error) = (value, error);

    public T? Value { get; }

    public CacheError? Error { get; }

    /// <summary>False when <paramref name="error"/> says why there is no value.</summary>
    public bool Succeeded([NotNullWhen(true)] out T? value, [NotNullWhen(false)] out CacheError? error)
    {
        (value, error) = (Value, Error);
        return error is null;
    }

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(CacheError error) => new(default, error);
}
