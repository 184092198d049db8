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

    private static async Task<ServingStatus> CheckAsync(TestServer server, string service) =>
        (await server.Channel.UnaryAsync(HealthService.Check, new HealthCheckRequest { Service = service })).Status;
}
