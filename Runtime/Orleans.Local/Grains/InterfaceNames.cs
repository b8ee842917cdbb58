using System.Collections.Concurrent;
using System.Reflection;
using Orleans.Runtime;

namespace Orleans;

/// <summary>The names of grain interfaces and of their methods on the wire.</summary>
internal static class GrainInterfaces
{
    private static readonly ConcurrentDictionary<Type, GrainInterfaceType> Names = new();

    public static GrainInterfaceType NameOf(Type type) => Names.GetOrAdd(type, static t => GrainInterfaceType.Create(AliasOf(t) ?? t.FullName ?? t.Name));

    /// <summary>A method's alias, or its name; overloads without an alias are told apart by their parameter types.</summary>
    public static string NameOf(MethodInfo method) => AliasOf(method) ?? (
        method.DeclaringType!.GetMember(method.Name).Length == 1
            ? method.Name
            : $"{method.Name}({string.Join(',', method.GetParameters().Select(p => p.ParameterType.FullName))})");

    public static string? AliasOf(MemberInfo member) => member.GetCustomAttributes<AliasAttribute>(inherit: false).FirstOrDefault()?.Alias;

    public static bool IsGrainInterface(Type type) =>
        type.IsInterface && typeof(IAddressable).IsAssignableFrom(type) && type.Assembly != typeof(IAddressable).Assembly;

    /// <summary>All methods that a call through <paramref name="type"/> can reach.</summary>
    public static IEnumerable<MethodInfo> MethodsOf(Type type) => type.GetInterfaces().Append(type)
        .Where(t => typeof(IAddressable).IsAssignableFrom(t)).SelectMany(t => t.GetMethods()).Where(m => !m.IsSpecialName && !m.IsStatic);
}
