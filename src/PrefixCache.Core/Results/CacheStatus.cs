namespace PrefixCache.Core.Results;

/// <summary>Why a call could not be served. The front end maps it to its own codes in one place.</summary>
public enum CacheStatus
{
    InvalidArgument,
    NotFound,
    AlreadyExists,
    FailedPrecondition,
    ResourceExhausted,
    DataLoss,
}
