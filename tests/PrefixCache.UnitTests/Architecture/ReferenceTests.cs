using System.Reflection;
using PrefixCache.Core;
using PrefixCache.Format.Layouts;

namespace PrefixCache.UnitTests.Architecture;

/// <summary>The direction of references: Format ← Core, and neither knows HTTP or messages.</summary>
public class ReferenceTests
{
    private static readonly string[] Transports = ["System.Net", "System.IO.Pipelines"];

    [Fact]
    public void Format_References_NothingOfTheProject() => Assert.Equal([], Closure(typeof(KvLayout).Assembly).Where(IsOurs));

    [Fact]
    public void Core_References_OnlyFormatOfTheProject() =>
        Assert.Equal(["PrefixCache.Format"], Closure(typeof(CacheNode).Assembly).Where(IsOurs));

    [Theory]
    [InlineData("Microsoft.AspNetCore")]
    [InlineData("Google.Protobuf")]
    [InlineData("System.Net.Http")]
    public void Core_References_NoTransport(string prefix) =>
        Assert.DoesNotContain(typeof(CacheNode).Assembly.GetReferencedAssemblies(),
            name => name.Name!.StartsWith(prefix, StringComparison.Ordinal));

    [Fact]
    public void Core_References_NoAspNetCoreAnywhere() =>
        Assert.DoesNotContain(Closure(typeof(CacheNode).Assembly),
            name => name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));

    [Fact]
    public void Core_PublicSurface_NamesNoTypeOfATransport() =>
        Assert.DoesNotContain(typeof(CacheNode).Assembly.GetExportedTypes().SelectMany(type => type.GetMethods()).SelectMany(TypesOf),
            type => Transports.Any(transport => type.Namespace?.StartsWith(transport, StringComparison.Ordinal) == true));

    private static bool IsOurs(string name) => name.StartsWith("PrefixCache", StringComparison.Ordinal);

    private static IEnumerable<Type> TypesOf(MethodInfo method) =>
        method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType);

    /// <summary>Names of all assemblies that are reached from one, without itself; the framework's own are not walked through.</summary>
    private static SortedSet<string> Closure(Assembly assembly)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        var open = new Queue<Assembly>([assembly]);
        while (open.TryDequeue(out var next))
        {
            foreach (var name in next.GetReferencedAssemblies())
            {
                if (names.Add(name.Name!) && !name.Name!.StartsWith("System.", StringComparison.Ordinal)) open.Enqueue(Assembly.Load(name));
            }
        }

        return names;
    }
}
