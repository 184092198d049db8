namespace PrefixCache.GrpcTests.Interop;

/// <summary>Our client against our server.</summary>
public abstract class OwnClientTests(InteropFixture fixture)
{
    [Fact]
    public Task EmptyUnary_OwnClient_AsDescribed() => InteropCases.EmptyUnaryAsync(fixture.Channel);

    [Fact]
    public Task LargeUnary_OwnClient_AsDescribed() => InteropCases.LargeUnaryAsync(fixture.Channel);

    [Fact]
    public Task ClientStreaming_OwnClient_AsDescribed() => InteropCases.ClientStreamingAsync(fixture.Channel);

    [Fact]
    public Task ServerStreaming_OwnClient_AsDescribed() => InteropCases.ServerStreamingAsync(fixture.Channel);

    [Fact]
    public Task PingPong_OwnClient_AsDescribed() => InteropCases.PingPongAsync(fixture.Channel);

    [Fact]
    public Task EmptyStream_OwnClient_AsDescribed() => InteropCases.EmptyStreamAsync(fixture.Channel);

    [Fact]
    public Task CancelAfterBegin_OwnClient_AsDescribed() => InteropCases.CancelAfterBeginAsync(fixture.Channel);

    [Fact]
    public Task CancelAfterFirstResponse_OwnClient_AsDescribed() => InteropCases.CancelAfterFirstResponseAsync(fixture.Channel);

    [Fact]
    public Task TimeoutOnSleepingServer_OwnClient_AsDescribed() => InteropCases.TimeoutOnSleepingServerAsync(fixture.Channel);

    [Fact]
    public Task StatusCodeAndMessage_OwnClient_AsDescribed() => InteropCases.StatusCodeAndMessageAsync(fixture.Channel);

    [Fact]
    public Task SpecialStatusMessage_OwnClient_AsDescribed() => InteropCases.SpecialStatusMessageAsync(fixture.Channel);

    [Fact]
    public Task UnimplementedMethod_OwnClient_AsDescribed() => InteropCases.UnimplementedMethodAsync(fixture.Channel);

    [Fact]
    public Task UnimplementedService_OwnClient_AsDescribed() => InteropCases.UnimplementedServiceAsync(fixture.Channel);

    [Fact]
    public Task CustomMetadata_OwnClient_AsDescribed() => InteropCases.CustomMetadataAsync(fixture.Channel);

    /// <summary>Over TCP in the clear.</summary>
    public sealed class OverTcp(InteropFixture.Tcp fixture) : OwnClientTests(fixture), IClassFixture<InteropFixture.Tcp>;

    /// <summary>Over TLS.</summary>
    public sealed class OverTls(InteropFixture.Tls fixture) : OwnClientTests(fixture), IClassFixture<InteropFixture.Tls>;

    /// <summary>Over a Unix socket.</summary>
    public sealed class OverUnixSocket(InteropFixture.UnixSocket fixture)
        : OwnClientTests(fixture), IClassFixture<InteropFixture.UnixSocket>;
}
