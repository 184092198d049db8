namespace PrefixCache.Core.Native.Posix;

/// <summary>Whose process this is.</summary>
public static class PosixUser
{
    /// <summary>The effective user, by number (geteuid(2)).</summary>
    public static uint Current => LibC.EffectiveUser();
}
