using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace PrefixCache.TestRedis.Network;

/// <summary>Ports of 127.0.0.1 for servers that must be told one.</summary>
/// <remarks>
/// Below the range from which Linux takes the ports of outgoing connections (32768 on): else one of those could take the port of a server
/// that was killed before it is started again. Two test processes may still meet, so who starts a server tries again with another port.
/// </remarks>
public static class FreePort
{
    private const int First = 20000;
    private const int Last = 32000;

    private static int _next = RandomNumberGenerator.GetInt32(First, Last);

    /// <summary>A port that nobody listens on, and that this process has not been given yet.</summary>
    public static int Take()
    {
        for (var i = First; i < Last; i++)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref _next) % (Last - First));
            if (IsFree(port)) return port;
        }

        throw new InvalidOperationException($"No port from {First} to {Last} is free on 127.0.0.1.");
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port) { ExclusiveAddressUse = true };
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
