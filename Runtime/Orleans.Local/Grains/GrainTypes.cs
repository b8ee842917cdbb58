using System.Reflection;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime;

namespace Orleans;

/// <summary>What the runtime knows of a grain class.</summary>
internal sealed class GrainClass
{
    public GrainClass(Type type)
    {
        Type = type;
        GrainType = GrainType.Create(type.GetCustomAttribute<GrainTypeAttribute>()?.GrainType ?? ConventionalName(type));
        Reentrant = type.IsDefined(typeof(ReentrantAttribute));
        Placement = type.GetCustomAttribute<PlacementAttribute>()?.PlacementStrategy;
        CollectionAge = type.IsDefined(typeof(KeepAliveAttribute)) ? Timeout.InfiniteTimeSpan : null;
        Interfaces = [.. type.GetInterfaces().Where(i => typeof(IAddressable).IsAssignableFrom(i))];
    }

    public Type Type { get; }

    public GrainType GrainType { get; }

    public bool Reentrant { get; }

    /// <summary>Null: the silo's default.</summary>
    public PlacementStrategy? Placement { get; }

    /// <summary>Null: the silo's default. Infinite: never collected.</summary>
    public TimeSpan? CollectionAge { get; }

    public IReadOnlyList<Type> Interfaces { get; }

    // Orleans' convention: the class name in lower case without the suffix "Grain".
    private static string ConventionalName(Type type)
    {
        var name = type.Name.ToLowerInvariant();
        return name.Length > 5 && name.EndsWith("grain", StringComparison.Ordinal) ? name[..^5] : name;
    }
}

/// <summary>
/// The grain interfaces and classes of this process: those of every assembly that is loaded, or referenced by one that is,
/// and that itself references this one.
/// </summary>
internal sealed class GrainTypes
{
    private static readonly Lazy<GrainTypes> Process = new(() => new GrainTypes(FindAssemblies()));
    private readonly Dictionary<GrainType, GrainClass> _byType = [];
    private readonly Dictionary<string, Type> _interfaces = [];
    private readonly Dictionary<Type, List<GrainClass>> _byInterface = [];
    private readonly Dictionary<string, Type> _serializable = [];

    public GrainTypes(IEnumerable<Assembly> assemblies)
    {
        Assemblies = [.. assemblies];
        foreach (var type in Assemblies.SelectMany(a => a.GetTypes()))
        {
            if (type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false) && !type.IsGenericTypeDefinition)
            {
                _serializable.TryAdd(GrainInterfaces.AliasOf(type) ?? type.FullName!, type);
            }

            if (type.IsInterface && typeof(IAddressable).IsAssignableFrom(type))
            {
                _interfaces.TryAdd(GrainInterfaces.NameOf(type).ToString(), type);
            }
            else if (type is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false }
                && typeof(IGrainBase).IsAssignableFrom(type) && typeof(IGrain).IsAssignableFrom(type))
            {
                Add(new GrainClass(type));
            }
        }
    }

    public IReadOnlyList<Assembly> Assemblies { get; }

    public IEnumerable<GrainClass> Classes => _byType.Values;

    /// <summary>Two classes of the same grain type, with the message that says so; reported by start-up validation.</summary>
    public List<string> Clashes { get; } = [];

    // Scanned anew while assemblies load lazily: a host that starts later may bring more.
    public static GrainTypes OfProcess() => FindAssemblies() is var now && now.Count == Process.Value.Assemblies.Count ? Process.Value : new GrainTypes(now);

    public GrainClass ClassOf(GrainType type) => _byType.TryGetValue(type, out var found) ? found
        : throw new ArgumentException($"No grain class of type '{type}' is in this process.");

    /// <summary>The type with <see cref="GenerateSerializerAttribute"/> of that alias or full name.</summary>
    public Type? SerializableNamed(string name) => _serializable.GetValueOrDefault(name);

    public Type? InterfaceNamed(string name) => _interfaces.GetValueOrDefault(name);

    /// <summary>The type of the one class that implements <paramref name="grainInterface"/>, or null when none does here.</summary>
    /// <exception cref="ArgumentException">Several do, and the prefix does not tell them apart.</exception>
    public GrainType? TypeFor(Type grainInterface, string? classNamePrefix)
    {
        if (!_byInterface.TryGetValue(grainInterface, out var classes))
        {
            return null;
        }

        var matching = classNamePrefix is null ? classes : [.. classes.Where(c => c.Type.FullName!.StartsWith(classNamePrefix, StringComparison.Ordinal))];
        return matching is [var only] ? only.GrainType : throw new ArgumentException(
            $"{matching.Count} grain classes implement {grainInterface}{(classNamePrefix is null ? "" : $" and begin with '{classNamePrefix}'")}: give a class name prefix that one of these has: {string.Join(", ", classes.Select(c => c.Type.FullName))}.");
    }

    public ManifestMessage ToManifest() => new(_byInterface.Where(i => i.Value.Count == 1)
        .ToDictionary(i => GrainInterfaces.NameOf(i.Key).ToString(), i => i.Value[0].GrainType.ToString()));

    private void Add(GrainClass grainClass)
    {
        if (!_byType.TryAdd(grainClass.GrainType, grainClass))
        {
            Clashes.Add($"{grainClass.Type} and {_byType[grainClass.GrainType].Type} both have the grain type '{grainClass.GrainType}': give one a [GrainType].");
            return;
        }

        foreach (var type in grainClass.Interfaces)
        {
            if (!_byInterface.TryGetValue(type, out var classes))
            {
                _byInterface[type] = classes = [];
            }

            classes.Add(grainClass);
        }
    }

    private static List<Assembly> FindAssemblies()
    {
        var own = typeof(IAddressable).Assembly;
        var seen = new Dictionary<string, Assembly>();
        var queue = new Queue<Assembly>(AppDomain.CurrentDomain.GetAssemblies().Where(a => !a.IsDynamic));
        while (queue.TryDequeue(out var assembly))
        {
            if (IsPlatform(assembly.GetName()) || !seen.TryAdd(assembly.FullName!, assembly))
            {
                continue;
            }

            foreach (var name in assembly.GetReferencedAssemblies().Where(n => !IsPlatform(n) && !seen.ContainsKey(n.FullName)))
            {
                if (TryLoad(name) is { } loaded)
                {
                    queue.Enqueue(loaded);
                }
            }
        }

        return [.. seen.Values.Where(a => a == own || a.GetReferencedAssemblies().Any(r => r.Name == own.GetName().Name)).OrderBy(a => a.FullName, StringComparer.Ordinal)];
    }

    // A reference that is missing at run time is the business of the code that needs it, not of this search.
    private static Assembly? TryLoad(AssemblyName name)
    {
        try
        {
            return Assembly.Load(name);
        }
        catch (Exception exception) when (exception is IOException or BadImageFormatException)
        {
            return null;
        }
    }

    private static bool IsPlatform(AssemblyName name) => name.Name is { } text
        && (text.StartsWith("System.", StringComparison.Ordinal) || text.StartsWith("Microsoft.", StringComparison.Ordinal) || text is "System" or "mscorlib" or "netstandard");
}
