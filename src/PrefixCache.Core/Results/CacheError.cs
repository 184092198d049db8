using System.Globalization;

namespace PrefixCache.Core.Results;

/// <summary>An expected failure: what was wrong, which value, and what to do. Its text holds no tokens, keys or payload.</summary>
public sealed record CacheError(CacheStatus Status, string Message)
{
    public static CacheError InvalidArgument(FormattableString message) => Of(CacheStatus.InvalidArgument, message);

    public static CacheError NotFound(FormattableString message) => Of(CacheStatus.NotFound, message);

    public static CacheError AlreadyExists(FormattableString message) => Of(CacheStatus.AlreadyExists, message);

    public static CacheError FailedPrecondition(FormattableString message) => Of(CacheStatus.FailedPrecondition, message);

    public static CacheError ResourceExhausted(FormattableString message) => Of(CacheStatus.ResourceExhausted, message);

    public static CacheError DataLoss(FormattableString message) => Of(CacheStatus.DataLoss, message);

    private static CacheError Of(CacheStatus status, FormattableString message) =>
        new(status, message.ToString(CultureInfo.InvariantCulture));
}
