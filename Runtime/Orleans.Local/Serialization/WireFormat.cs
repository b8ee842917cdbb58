using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Orleans.Runtime;

namespace Orleans.Serialization;

/// <summary>
/// Values on the wire: JSON, in which a type with <see cref="GenerateSerializerAttribute"/> is an object of exactly its members with
/// <see cref="IdAttribute"/>, each named by its number, as the genuine serializer has it: computed properties do not travel, members
/// may be renamed, private and get-only members are restored. An object without a parameterless constructor is made without one.
/// Everything else is as System.Text.Json writes it.
/// </summary>
internal static class WireFormat
{
    public static JsonSerializerOptions Options { get; } = Create();

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions
        {
            IncludeFields = true,
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
            MaxDepth = 128,
            TypeInfoResolver = new MemberIdResolver(),
        };
        options.Converters.Add(new GrainReferenceConverter());
        options.Converters.Add(new ImmutableArrayConverterFactory());
        options.MakeReadOnly();
        return options;
    }

    /// <summary>The members of a type that travel, from the most derived class up; the name tells levels of inheritance apart.</summary>
    internal static IEnumerable<(MemberInfo Member, string Name)> MembersOf(Type type)
    {
        var level = 0;
        for (var t = type; t is not null && t != typeof(object); t = t.BaseType, level++)
        {
            foreach (var (member, id) in DeclaredBy(t).Where(m => m.Id is not null))
            {
                yield return (member, level == 0 ? id! : $"{level}.{id}");
            }
        }
    }

    /// <summary>
    /// The fields and properties with a field that one class declares, each with its number: that of its <see cref="IdAttribute"/>, or, with
    /// a <c>c</c> before it, its place in the primary constructor of a record; null when it has none.
    /// </summary>
    internal static IEnumerable<(MemberInfo Member, string? Id)> DeclaredBy(Type type)
    {
        const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var fields = type.GetFields(Declared);
        var primary = type.GetMethod("PrintMembers", Declared) is null ? null
            : type.GetConstructors().Select(c => c.GetParameters()).FirstOrDefault(p => p.Length > 0 && p.All(x => type.GetProperty(x.Name!, Declared) is not null));
        foreach (var property in type.GetProperties(Declared).Where(p => p.GetMethod is not null && p.GetIndexParameters().Length == 0))
        {
            var place = primary is null ? -1 : Array.FindIndex(primary, p => p.Name == property.Name);
            var id = property.GetCustomAttribute<IdAttribute>()?.Id ?? (place < 0 ? null : primary![place].GetCustomAttribute<IdAttribute>()?.Id);
            if (id is not null || fields.Any(f => f.Name == $"<{property.Name}>k__BackingField"))
            {
                yield return (property, id?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? (place < 0 ? null : $"c{place}"));
            }
        }

        foreach (var field in fields.Where(f => !f.Name.StartsWith('<') && !f.IsDefined(typeof(NonSerializedAttribute))))
        {
            yield return (field, field.GetCustomAttribute<IdAttribute>()?.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    /// <summary>How to set a member that travels, be it private or get-only.</summary>
    internal static Action<object, object?> Setter(MemberInfo member)
    {
        if (member is FieldInfo field)
        {
            return field.SetValue;
        }

        var property = (PropertyInfo)member;
        return property.SetMethod is not null ? property.SetValue
            : property.DeclaringType!.GetField($"<{property.Name}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic) is { } backing ? backing.SetValue
            : throw new NotSupportedException($"'{property.DeclaringType}.{property.Name}' has [Id] but neither a setter nor a field that the compiler made for it.");
    }

    private sealed class MemberIdResolver : DefaultJsonTypeInfoResolver
    {
        public override JsonTypeInfo GetTypeInfo(Type type, JsonSerializerOptions options)
        {
            if (type.IsEnum || !type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false)
                || type.IsDefined(typeof(JsonConverterAttribute), inherit: false) || typeof(System.Collections.IEnumerable).IsAssignableFrom(type))
            {
                return base.GetTypeInfo(type, options);
            }

            var info = JsonTypeInfo.CreateJsonTypeInfo(type, options);
            if (info.Kind != JsonTypeInfoKind.Object)
            {
                return base.GetTypeInfo(type, options);
            }

            info.CreateObject = Constructor(type);
            foreach (var (member, name) in MembersOf(type))
            {
                var property = info.CreateJsonPropertyInfo(member is PropertyInfo p ? p.PropertyType : ((FieldInfo)member).FieldType, name);
                property.Get = member is PropertyInfo read ? read.GetValue : ((FieldInfo)member).GetValue;
                property.Set = Setter(member);
                info.Properties.Add(property);
            }

            return info;
        }

        private static Func<object> Constructor(Type type)
        {
            if (type.IsAbstract)
            {
                return () => throw new NotSupportedException($"'{type}' is abstract: the stand-in sends values by their declared type only.");
            }

            var parameterless = type.GetConstructor(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, []);
            return parameterless is null || type.IsValueType ? () => RuntimeHelpers.GetUninitializedObject(type) : () => parameterless.Invoke(null);
        }
    }
}

/// <summary>Writes a reference to a grain as its identity; reading gives a reference of the runtime that reads.</summary>
internal sealed class GrainReferenceConverter : JsonConverterFactory
{
    private static readonly AsyncLocal<ReferenceRuntime?> Reader = new();

    /// <summary>The runtime that references are bound to which this flow reads.</summary>
    public static ReferenceRuntime? Runtime
    {
        get => Reader.Value;
        set => Reader.Value = value;
    }

    public override bool CanConvert(Type typeToConvert) => typeof(IAddressable).IsAssignableFrom(typeToConvert) && typeToConvert.IsInterface;

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Converter<>).MakeGenericType(typeToConvert))!;

    private sealed class Converter<T> : JsonConverter<T>
        where T : class
    {
        public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            (Runtime ?? (RuntimeContext.Current as Activation)?.Silo.References ?? throw new JsonException("A grain reference can only be read from a grain call.")).CreateReference<T>(GrainId.Parse(reader.GetString()!));

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value is GrainReference reference ? reference.GrainId.ToString()
                : throw new JsonException($"'{value.GetType()}' is a grain, not a reference to one: pass this.AsReference<{typeof(T).Name}>()."));
    }
}

/// <summary>Lets a default (null) immutable array travel, which System.Text.Json itself refuses.</summary>
internal sealed class ImmutableArrayConverterFactory : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) =>
        typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(System.Collections.Immutable.ImmutableArray<>);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Converter<>).MakeGenericType(typeToConvert.GetGenericArguments()))!;

    private sealed class Converter<T> : JsonConverter<System.Collections.Immutable.ImmutableArray<T>>
    {
        public override bool HandleNull => true;

        public override System.Collections.Immutable.ImmutableArray<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(JsonSerializer.Deserialize<T[]>(ref reader, options));

        public override void Write(Utf8JsonWriter writer, System.Collections.Immutable.ImmutableArray<T> value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsArray(value), options);
    }
}
