namespace PrefixCache.Grpc.Framing;

/// <summary>Turns what can go wrong with a request's bytes into the status of its call.</summary>
internal interface IRequestFaults
{
    /// <summary>The status for a fault of the transport.</summary>
    RpcException Translate(Exception fault);

    /// <summary>The status for a message with the compressed flag, which depends on the encoding that the headers name.</summary>
    RpcException Compressed();
}
