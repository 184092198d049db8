using PrefixCache.Grpc;

namespace PrefixCache.IntegrationTests.Fixtures;

/// <summary>Expected failures: the documented status, and a message that names what was wrong.</summary>
internal static class Fails
{
    /// <param name="status">The status that the contract documents.</param>
    /// <param name="says">Part of the message.</param>
    /// <param name="call">What must fail.</param>
    public static async Task WithAsync(StatusCode status, string says, Func<Task> call)
    {
        var exception = await Assert.ThrowsAsync<RpcException>(() => call().WaitAsync(RawSession.CallTimeout));
        Assert.Equal(status, exception.Status);
        Assert.Contains(says, exception.Detail, StringComparison.Ordinal);
    }
}
