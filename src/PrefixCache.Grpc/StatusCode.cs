namespace PrefixCache.Grpc;

/// <summary>The status codes of gRPC; numbers as published.</summary>
public enum StatusCode
{
    /// <summary>The call succeeded.</summary>
    OK = 0,

    /// <summary>The caller (or its connection) ended the call.</summary>
    Cancelled = 1,

    /// <summary>The handler failed in a way it did not foresee.</summary>
    Unknown = 2,

    /// <summary>The request is wrong whatever the state of the server.</summary>
    InvalidArgument = 3,

    /// <summary>The call's deadline passed.</summary>
    DeadlineExceeded = 4,

    /// <summary>What the request names does not exist.</summary>
    NotFound = 5,

    /// <summary>What the request wants to make exists.</summary>
    AlreadyExists = 6,

    /// <summary>The caller is known and may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>A limit or quota is used up.</summary>
    ResourceExhausted = 8,

    /// <summary>The server is not in the state that the request needs.</summary>
    FailedPrecondition = 9,

    /// <summary>The operation lost against another one.</summary>
    Aborted = 10,

    /// <summary>The request reaches past the valid range.</summary>
    OutOfRange = 11,

    /// <summary>The server does not have the method, or not the feature.</summary>
    Unimplemented = 12,

    /// <summary>A broken invariant or a peer that breaks the protocol.</summary>
    Internal = 13,

    /// <summary>The server cannot be reached or is going away; a retry may help.</summary>
    Unavailable = 14,

    /// <summary>Data is lost or damaged.</summary>
    DataLoss = 15,

    /// <summary>The call carries no valid credential.</summary>
    Unauthenticated = 16,
}
