using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PrefixCache.Core.Sessions;

/// <summary>16 random bytes that name a session; who knows them may use it.</summary>
public readonly record struct SessionId(UInt128 Value)
{
    public const int Length = 16;

    public static SessionId New()
    {
        Span<byte> bytes = stackalloc byte[Length];
        RandomNumberGenerator.Fill(bytes);
        return new SessionId(MemoryMarshal.Read<UInt128>(bytes));
    }

    public static bool TryRead(ReadOnlySpan<byte> bytes, out SessionId id)
    {
        id = default;
        if (bytes.Length != Length) return false;
        id = new SessionId(MemoryMarshal.Read<UInt128>(bytes));
        return true;
    }

    public byte[] ToArray()
    {
        var bytes = new byte[Length];
        MemoryMarshal.Write(bytes, Value);
        return bytes;
    }
}
