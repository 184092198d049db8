using PrefixCache.Grpc;
using PrefixCache.Grpc.Health;
using ServingStatus = PrefixCache.Grpc.Health.HealthCheckResponse.Types.ServingStatus;

namespace PrefixCache.GrpcTests.Health;

/// <summary>The health check as load balancers and probes use it.</summary>
public sealed class HealthTests
{
    [Fact]
    public async Task Check_KnownAndUnknownServices_AnswersStatusOrNotFound()
    {
        var health = new HealthService();
        await using var server = await TestServer.StartAsync(health.AddTo);

        Assert.Equal(ServingStatus.NotServing, await CheckAsync(server, ""));
        health.SetStatus("", ServingStatus.Serving);
        health.SetStatus("a.Service", ServingStatus.NotServing);
        Assert.Equal(ServingStatus.Serving, await CheckAsync(server, ""));
        Assert.Equal(ServingStatus.NotServing, await CheckAsync(server, "a.Service"));
        await Fails.WithAsync(StatusCode.NotFound, CheckAsync(server, "b.Service"));
        Assert.Contains("grpc.health.v1.Health", server.Server.Services);
    }

    [Fact]
    public async Task Watch_StatusChanges_TellsEachAndEndsWithTheDrain()
    {
        var health = new HealthService();
        await using var server = await TestServer.StartAsync(health.AddTo);
        using var watch = server.Channel.ServerStreaming(HealthService.Watch, new HealthCheckRequest { Service = "a.Service" });
        Assert.Equal(ServingStatus.ServiceUnknown, await NextAsync(watch));
        health.SetStatus("b.Service", ServingStatus.Serving);
        health.SetStatus("a.Service", ServingStatus.Serving);
        Assert.Equal(ServingStatus.Serving, await NextAsync(watch));
        health.SetStatus("a.Service", ServingStatus.Serving);
        health.SetStatus("a.Service", ServingStatus.NotServing);
        Assert.Equal(ServingStatus.NotServing, await NextAsync(watch));
        await server.Server.DrainAsync(TimeSpan.FromSeconds(20));
        Assert.False(await watch.Responses.MoveNextAsync(CancellationToken.None));
    }

    private static async Task<ServingStatus> NextAsync(ServerStreamingCall<HealthCheckResponse> watch)
    {
        Assert.True(await watch.Responses.MoveNextAsync(CancellationToken.None));
        return watch.Responses.Current.Status;
    }

    private static async Task<ServingStatus> CheckAsync(TestServer server, string service) =>
        (await server.Channel.UnaryAsync(HealthService.Check, new HealthCheckRequest { Service = service })).Status;
}
