using PrefixCache.Client;
using PrefixCache.IntegrationTests.Fixtures;

namespace PrefixCache.IntegrationTests.Foreign;

/// <summary>Clients in another language.</summary>
public sealed class PythonClientTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task PythonClient_OnTheWholePath_GetsTheBytesItStored()
    {
        await using var node = await RunningNode.StartAsync();
        await PythonProgram.RunAsync("client.py", node);
    }

    /// <summary>A generic client, which learns the contract from the node.</summary>
    [Fact]
    public async Task PythonClient_ThatKnowsNothing_LearnsTheContractByReflection()
    {
        await using var node = await RunningNode.StartAsync();
        await PythonProgram.RunAsync("reflection_client.py", node);
    }

    /// <summary>Each reads in the node's memory what the other has written there.</summary>
    [Fact]
    public async Task PythonClient_OnSharedMemory_ExchangesBytesWithThisClient()
    {
        await using var node = await RunningNode.StartAsync(plane: TransferPlane.SharedMemory);
        var layout = TestKv.Layout();
        int[] ours = [.. Enumerable.Range(1000, 100)], theirs = [.. Enumerable.Range(5000, 70)];
        var client = await node.ConnectAsync();
        await client.RegisterLayoutAsync(layout, Token);
        await using (var cold = await client.LookupAsync(layout, ours, null, Token))
        {
            var stored = await cold.StoreAsync(TestKv.Memory(layout, TestKv.Compute(layout, ours), ours.Length), null, Token);
            Assert.Equal((4, TransferPlane.SharedMemory), (stored.Committed, stored.Plane));
        }

        await PythonProgram.RunAsync("shared_memory_client.py", node, "--stored", "1000", "100", "--store", "5000", "70");
        await using var warm = await client.LookupAsync(layout, theirs, null, Token);
        Assert.Equal(theirs.Length, warm.HitTokens);
        var memory = new byte[TestKv.Compute(layout, theirs).Length];
        var loaded = await warm.RetrieveAsync(TestKv.Memory(layout, memory, theirs.Length), null, Token);
        Assert.Equal((theirs.Length, TransferPlane.SharedMemory), (loaded.Tokens, loaded.Plane));
        Assert.Null(TestKv.FindDifference(layout, theirs, memory, 0, theirs.Length));
    }
}
