using System.Runtime.CompilerServices;
using PrefixCache.Format.Devices;

namespace PrefixCache.CudaProbe;

/// <summary>What a check expects; the first that does not hold ends it.</summary>
internal static class Expect
{
    public static void That(bool condition, [CallerArgumentExpression(nameof(condition))] string text = "")
    {
        if (!condition) throw new ExpectationException($"Not so: {text}.");
    }

    public static void Equal<T>(T expected, T actual, [CallerArgumentExpression(nameof(actual))] string text = "")
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual)) throw new ExpectationException($"{text} is {actual}, not {expected}.");
    }

    public static void Same(
        ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, [CallerArgumentExpression(nameof(actual))] string text = "")
    {
        Equal(expected.Length, actual.Length, text);
        var same = expected.CommonPrefixLength(actual);
        if (same < expected.Length)
            throw new ExpectationException($"{text} differs at {same} of {expected.Length}: {actual[same]}, not {expected[same]}.");
    }

    public static T Throws<T>(Action action, [CallerArgumentExpression(nameof(action))] string text = "")
        where T : Exception
    {
        try
        {
            action();
        }
        catch (T exception)
        {
            return exception;
        }

        throw new ExpectationException($"No {typeof(T).Name} came of {text}.");
    }

    /// <summary>A device error whose message names something.</summary>
    public static void Refuses(Action action, string named, [CallerArgumentExpression(nameof(action))] string text = "")
    {
        var message = Throws<DeviceException>(action, text).Message;
        if (!message.Contains(named, StringComparison.Ordinal)) throw new ExpectationException($"'{message}' does not name {named}.");
    }
}
