namespace PrefixCache.GrpcTests.Interop;

/// <summary>A foreign client (Python's grpcio) against our server in its own process.</summary>
public sealed class ForeignClientTests(ForeignClient client) : IClassFixture<ForeignClient>
{
    [Fact]
    public Task EmptyUnary_ForeignClient_AsDescribed() => client.RunAsync("empty_unary");

    [Fact]
    public Task LargeUnary_ForeignClient_AsDescribed() => client.RunAsync("large_unary");

    [Fact]
    public Task ClientStreaming_ForeignClient_AsDescribed() => client.RunAsync("client_streaming");

    [Fact]
    public Task ServerStreaming_ForeignClient_AsDescribed() => client.RunAsync("server_streaming");

    [Fact]
    public Task PingPong_ForeignClient_AsDescribed() => client.RunAsync("ping_pong");

    [Fact]
    public Task EmptyStream_ForeignClient_AsDescribed() => client.RunAsync("empty_stream");

    [Fact]
    public Task CancelAfterBegin_ForeignClient_AsDescribed() => client.RunAsync("cancel_after_begin");

    [Fact]
    public Task CancelAfterFirstResponse_ForeignClient_AsDescribed() => client.RunAsync("cancel_after_first_response");

    [Fact]
    public Task TimeoutOnSleepingServer_ForeignClient_AsDescribed() => client.RunAsync("timeout_on_sleeping_server");

    [Fact]
    public Task StatusCodeAndMessage_ForeignClient_AsDescribed() => client.RunAsync("status_code_and_message");

    [Fact]
    public Task SpecialStatusMessage_ForeignClient_AsDescribed() => client.RunAsync("special_status_message");

    [Fact]
    public Task UnimplementedMethod_ForeignClient_AsDescribed() => client.RunAsync("unimplemented_method");

    [Fact]
    public Task UnimplementedService_ForeignClient_AsDescribed() => client.RunAsync("unimplemented_service");

    [Fact]
    public Task CustomMetadata_ForeignClient_AsDescribed() => client.RunAsync("custom_metadata");
}
