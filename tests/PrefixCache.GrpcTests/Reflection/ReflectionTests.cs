using Google.Protobuf.Reflection;
using PrefixCache.Grpc;
using PrefixCache.Grpc.Health;
using PrefixCache.Grpc.Reflection;

namespace PrefixCache.GrpcTests.Reflection;

/// <summary>What generic clients ask of a server.</summary>
public sealed class ReflectionTests
{
    [Fact]
    public async Task Info_ServicesAndFiles_AreToldWithWhatTheyImport()
    {
        var answers = await AskAsync(
            new ServerReflectionRequest { ListServices = "*" },
            new ServerReflectionRequest { FileContainingSymbol = "grpc.health.v1.Health.Watch" },
            new ServerReflectionRequest { FileContainingSymbol = "grpc.health.v1.HealthCheckResponse.ServingStatus" },
            new ServerReflectionRequest { FileByFilename = "grpc/reflection/v1/reflection.proto" });
        Assert.Equal(["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"],
            answers[0].ListServicesResponse.Service.Select(service => service.Name));
        for (var i = 1; i < 3; i++)
        {
            var file = FileDescriptorProto.Parser.ParseFrom(answers[i].FileDescriptorResponse.FileDescriptorProto[0]);
            Assert.Equal("grpc/health/v1/health.proto", file.Name);
        }

        Assert.Equal(4, FileDescriptorProto.Parser.ParseFrom(answers[3].FileDescriptorResponse.FileDescriptorProto[0]).MessageType.Count(
            type => type.Name.EndsWith("Response", StringComparison.Ordinal) && type.Name != "ServiceResponse" && type.Name != "ServerReflectionResponse"));
    }

    [Fact]
    public async Task Info_WhatIsNotThere_IsAnAnswerAndNotTheEnd()
    {
        var answers = await AskAsync(
            new ServerReflectionRequest { FileContainingSymbol = "no.Such" },
            new ServerReflectionRequest { FileByFilename = "no.proto" },
            new ServerReflectionRequest { FileContainingExtension = new ExtensionRequest { ContainingType = "a", ExtensionNumber = 1 } },
            new ServerReflectionRequest { AllExtensionNumbersOfType = "grpc.health.v1.HealthCheckRequest" },
            new ServerReflectionRequest());
        Assert.Equal([StatusCode.NotFound, StatusCode.NotFound, StatusCode.NotFound],
            answers[..3].Select(answer => (StatusCode)answer.ErrorResponse.ErrorCode));
        Assert.Empty(answers[3].AllExtensionNumbersResponse.ExtensionNumber);
        Assert.Equal(StatusCode.InvalidArgument, (StatusCode)answers[4].ErrorResponse.ErrorCode);
    }

    private static async Task<ServerReflectionResponse[]> AskAsync(params ServerReflectionRequest[] requests)
    {
        await using var server = await TestServer.StartAsync(rpc =>
        {
            new HealthService().AddTo(rpc);
            new ReflectionService(HealthReflection.Descriptor).AddTo(rpc);
        });
        using var call = server.Channel.Duplex(ReflectionService.Info);
        var answers = new List<ServerReflectionResponse>();
        foreach (var request in requests)
        {
            await call.Requests.WriteAsync(request);
            Assert.True(await call.Responses.MoveNextAsync(CancellationToken.None));
            Assert.Equal(request, call.Responses.Current.OriginalRequest);
            answers.Add(call.Responses.Current.Clone());
        }

        await call.CompleteAsync();
        Assert.False(await call.Responses.MoveNextAsync(CancellationToken.None));
        return [.. answers];
    }
}
