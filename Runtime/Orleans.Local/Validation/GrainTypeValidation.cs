using System.Reflection;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans;

/// <summary>
/// Refuses at start-up what the genuine code generator and analyzers refuse at build time, so that code which runs here builds there.
/// The numbers are those of the genuine diagnostics.
/// </summary>
internal sealed class GrainTypeValidation
{
    private static readonly Type[] Tasks = [typeof(Task<>), typeof(ValueTask<>)];

    private static readonly string[] KnownNamespaces = ["System", "System.Collections.Generic", "System.Collections.Immutable", "System.Collections.Frozen", "System.Net", "System.Numerics"];
    private readonly GrainTypes _types;
    private readonly List<string> _problems;
    private readonly HashSet<Type> _seen = [];

    private GrainTypeValidation(GrainTypes types)
    {
        _types = types;
        _problems = [.. types.Clashes];
    }

    /// <exception cref="OrleansConfigurationException">Something is refused; the message says what, one line each.</exception>
    public static void Check(GrainTypes types)
    {
        var problems = Find(types);
        if (problems.Count > 0)
        {
            throw new OrleansConfigurationException(string.Join(Environment.NewLine, problems));
        }
    }

    public static IReadOnlyList<string> Find(GrainTypes types)
    {
        var validation = new GrainTypeValidation(types);
        validation.CheckAll();
        return validation._problems;
    }

    private void CheckAll()
    {
        Type[] all = [.. _types.Assemblies.Where(a => a != typeof(IAddressable).Assembly).SelectMany(a => a.GetTypes())];
        CheckClashes("type", all.Select(t => (GrainInterfaces.AliasOf(t), t.ToString())));
        foreach (var type in all)
        {
            if (GrainInterfaces.IsGrainInterface(type))
            {
                CheckInterface(type);
            }
            else if (typeof(IGrainBase).IsAssignableFrom(type) && !type.IsInterface)
            {
                CheckClass(type);
            }
            else if (type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false) && !type.IsEnum)
            {
                CheckMembers(type);
            }
        }
    }

    private void CheckClass(Type type)
    {
        if (GrainInterfaces.AliasOf(type) is not null || type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false))
        {
            _problems.Add($"ORLEANS0013: grain class {type} has [Alias] or [GenerateSerializer]: name it with [GrainType].");
        }

        foreach (var method in type.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly).Where(m => m.IsDefined(typeof(AlwaysInterleaveAttribute))))
        {
            _problems.Add($"ORLEANS0001: method {type}.{method.Name} of a grain class has [AlwaysInterleave]: put it on the interface's method.");
        }
    }

    private void CheckInterface(Type type)
    {
        foreach (var property in type.GetProperties())
        {
            _problems.Add($"ORLEANS0008: grain interface {type} has the property {property.Name}: make it a method that returns a task.");
        }

        MethodInfo[] methods = [.. type.GetMethods().Where(m => !m.IsSpecialName && !m.IsStatic)];
        CheckClashes($"method of {type}", methods.Select(m => (GrainInterfaces.AliasOf(m), m.Name)));
        foreach (var method in methods)
        {
            CheckMethod($"{type}.{method.Name}", method);
        }
    }

    private void CheckMethod(string name, MethodInfo method)
    {
        var returned = method.ReturnType;
        if (returned.IsGenericType && Tasks.Contains(returned.GetGenericTypeDefinition()))
        {
            CheckCrossing($"the result of {name}", returned.GetGenericArguments()[0]);
        }
        else if (returned != typeof(Task) && returned != typeof(ValueTask) && returned != typeof(void))
        {
            _problems.Add($"ORLEANS0009: grain method {name} returns {returned}: return Task, Task<T>, ValueTask or ValueTask<T>.");
        }

        if (method.IsGenericMethodDefinition)
        {
            _problems.Add($"Grain method {name} is generic, which the stand-in does not have.");
            return;
        }

        var parameters = method.GetParameters();
        foreach (var parameter in parameters)
        {
            if (parameter.ParameterType.IsByRef)
            {
                _problems.Add($"ORLEANS0002: parameter {parameter.Name} of {name} is ref, in or out: grain methods take values only.");
            }
            else if (parameter.ParameterType != typeof(CancellationToken))
            {
                CheckCrossing($"parameter {parameter.Name} of {name}", parameter.ParameterType);
            }
            else if (parameter.Position != parameters.Length - 1)
            {
                _problems.Add($"ORLEANS0113: the CancellationToken {parameter.Name} of {name} must be the last parameter, and the only one.");
            }
        }
    }

    private void CheckMembers(Type type)
    {
        if (type.IsNestedPrivate)
        {
            _problems.Add($"ORLEANS0107: {type} is private: the generator cannot reach it.");
        }

        List<(string?, string)> ids = [];
        foreach (var (member, id) in WireFormat.DeclaredBy(type))
        {
            ids.Add((id, member.Name));
            if (id is null)
            {
                _problems.Add($"ORLEANS0004: {type}.{member.Name} has neither [Id] nor [NonSerialized]: give it an [Id] that no other member of the type has.");
            }
            else
            {
                CheckCrossing($"{type}.{member.Name}", member is PropertyInfo property ? property.PropertyType : ((FieldInfo)member).FieldType);
            }
        }

        CheckClashes($"member of {type}", ids, "ORLEANS0012: [Id(", ")]");
    }

    private void CheckClashes(string what, IEnumerable<(string? Name, string Owner)> names, string before = "ORLEANS0011: [Alias(\"", string after = "\")]")
    {
        foreach (var clash in names.Where(n => n.Name is not null).GroupBy(n => n.Name).Where(g => g.Count() > 1))
        {
            _problems.Add($"{before}{clash.Key}{after} is on more than one {what}: {string.Join(", ", clash.Select(c => c.Owner))}.");
        }
    }

    // What a type is made of is looked through; what is ours must be serializable; what is the platform's must be plain data.
    private void CheckCrossing(string where, Type type)
    {
        if (type.IsArray || type.IsGenericType)
        {
            foreach (var part in type.IsArray ? [type.GetElementType()!] : type.GetGenericArguments())
            {
                CheckCrossing(where, part);
            }
        }

        var definition = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        if (type.IsArray || type.IsGenericParameter || type.IsEnum || typeof(IAddressable).IsAssignableFrom(type) || !_seen.Add(type))
        {
            return;
        }

        var ours = _types.Assemblies.Contains(definition.Assembly);
        if (ours ? !definition.IsDefined(typeof(GenerateSerializerAttribute), inherit: false) && type.Assembly != typeof(IAddressable).Assembly
            : !KnownNamespaces.Contains(type.Namespace) || typeof(Delegate).IsAssignableFrom(type) || typeof(Task).IsAssignableFrom(type))
        {
            _seen.Remove(type);
            _problems.Add($"ORLEANS0005: {where} is of type {type}, which has no codec: {(ours ? "give it [GenerateSerializer], and each member an [Id]" : "use plain data")}.");
        }
    }
}
