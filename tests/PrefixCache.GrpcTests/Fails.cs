using PrefixCache.Grpc;

namespace PrefixCache.GrpcTests;

/// <summary>Asserts how a call fails.</summary>
internal static class Fails
{
    /// <summary>Waits for the failure and checks its status.</summary>
    public static async Task<RpcException> WithAsync(StatusCode status, Task call)
    {
        var fault = await Assert.ThrowsAsync<RpcException>(() => call.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.True(status == fault.Status, $"Expected {status}: {fault}");
        return fault;
    }
}
