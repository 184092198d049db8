using Google.Protobuf;

namespace PrefixCache.Grpc;

/// <summary>One method of a service: its name, its messages and its limits. Shared by server and client.</summary>
/// <remarks>Immutable and thread-safe. The kind of call is chosen where the method is registered or called.</remarks>
/// <typeparam name="TRequest">The request message.</typeparam>
/// <typeparam name="TResponse">The response message.</typeparam>
/// <param name="service">Full service name, as <c>grpc.health.v1.Health</c>.</param>
/// <param name="name">Method name, as <c>Check</c>.</param>
/// <param name="requestParser">Parser of the request.</param>
/// <param name="responseParser">Parser of the response.</param>
public sealed class RpcMethod<TRequest, TResponse>(
    string service,
    string name,
    MessageParser<TRequest> requestParser,
    MessageParser<TResponse> responseParser)
    where TRequest : IMessage<TRequest>
    where TResponse : IMessage<TResponse>
{
    /// <summary>The default of both message limits, 4 MiB.</summary>
    public const int DefaultMaxMessageBytes = 4 << 20;

    /// <summary>Full service name.</summary>
    public string Service { get; } = service;

    /// <summary>Method name.</summary>
    public string Name { get; } = name;

    /// <summary>The path of the method on the wire, <c>/service/name</c>.</summary>
    public string FullName { get; } = $"/{service}/{name}";

    /// <summary>
    /// Number of the request's <c>bytes</c> field that takes the raw path; 0 = none. It must be the last field of the message.
    /// </summary>
    public int RequestPayloadField { get; init; }

    /// <summary>
    /// Number of the response's <c>bytes</c> field that takes the raw path; 0 = none. It must be the last field of the message.
    /// </summary>
    public int ResponsePayloadField { get; init; }

    /// <summary>Largest request message in bytes, payload included.</summary>
    public int MaxRequestBytes { get; init; } = DefaultMaxMessageBytes;

    /// <summary>Largest response message in bytes, payload included.</summary>
    public int MaxResponseBytes { get; init; } = DefaultMaxMessageBytes;

    /// <summary>Most bytes that the fields before a payload may take, in bytes: they are buffered, the payload is not.</summary>
    public int MaxHeaderBytes { get; init; } = 1 << 20;

    internal MessageParser<TRequest> RequestParser { get; } = requestParser;

    internal MessageParser<TResponse> ResponseParser { get; } = responseParser;
}
