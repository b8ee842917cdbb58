using System.Reflection;
using Orleans;

namespace Sluice.Tests.House;

/// <summary>
/// What crosses processes or is kept on disk, one line for each thing that must not change: a message's member with its id and type, an enum's value, a grain
/// interface's method with its parameters.
/// </summary>
internal static class WireFormat
{
    public static IReadOnlyList<string> Of(params IEnumerable<Assembly> assemblies) =>
        [.. assemblies.SelectMany(assembly => assembly.GetTypes()).SelectMany(Lines).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Lines(Type type)
    {
        if (type.IsInterface && typeof(IGrain).IsAssignableFrom(type) && type.GetCustomAttribute<AliasAttribute>() is { } grain)
        {
            return type.GetMethods().Select(method =>
                $"grain {grain.Alias}: {method.GetCustomAttribute<AliasAttribute>()?.Alias ?? method.Name}({string.Join(", ", method.GetParameters().Select(parameter => Name(parameter.ParameterType)))}) -> {Name(method.ReturnType)}");
        }

        if (type.GetCustomAttribute<GenerateSerializerAttribute>(inherit: false) is null)
        {
            return [];
        }

        var alias = type.GetCustomAttribute<AliasAttribute>()?.Alias ?? $"{type.FullName} (without an alias)";
        return type.IsEnum
            ? Enum.GetNames(type).Select(name => $"enum {alias}: {Convert.ToInt64(Enum.Parse(type, name))} {name}")
            : type.GetMembers(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
                .Select(member => (Member: member, Id: member.GetCustomAttribute<IdAttribute>()))
                .Where(found => found.Id is not null)
                .Select(found => $"message {alias}: {found.Id!.Id} {found.Member.Name} {Name(TypeOf(found.Member))}")
                .Prepend($"message {alias}");
    }

    private static Type TypeOf(MemberInfo member) => member is PropertyInfo property ? property.PropertyType : ((FieldInfo)member).FieldType;

    private static string Name(Type type)
    {
        if (type.IsArray)
        {
            return $"{Name(type.GetElementType()!)}[]";
        }

        if (!type.IsGenericType)
        {
            return type.Name;
        }

        return $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>";
    }
}
