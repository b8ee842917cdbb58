using System.Text.Json.Serialization;

namespace Orleans
{
    /// <summary>A stable name of a type or of a grain method on the wire, independent of its name in code.</summary>
    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Method | AttributeTargets.Interface, AllowMultiple = true)]
    public sealed class AliasAttribute(string alias) : Attribute
    {
        public string Alias { get; } = alias;
    }

    /// <summary>How <see cref="GenerateSerializerAttribute"/> numbers members that carry no <see cref="IdAttribute"/>.</summary>
    public enum GenerateFieldIds
    {
        None = 0,
        PublicProperties = 1,
    }

    /// <summary>Marks a type whose values may cross a grain boundary.</summary>
    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum)]
    public sealed class GenerateSerializerAttribute : Attribute
    {
        public GenerateFieldIds GenerateFieldIds { get; init; }
        public bool IncludePrimaryConstructorParameters { get; init; }
    }

    /// <summary>The number of a member on the wire, unique in its declaring type.</summary>
    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Method | AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Parameter)]
    public sealed class IdAttribute(uint id) : Attribute
    {
        public uint Id { get; } = id;
    }

    /// <summary>Promises that a value is never changed after it was sent, so that it needs no copy within a process.</summary>
    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Parameter | AttributeTargets.ReturnValue, Inherited = false)]
    public sealed class ImmutableAttribute : Attribute;

    /// <summary>How long a caller waits for the answer of this method.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class ResponseTimeoutAttribute(string timeout) : Attribute
    {
        public TimeSpan? Timeout { get; init; } = TimeSpan.Parse(timeout, System.Globalization.CultureInfo.InvariantCulture);
    }
}

namespace Orleans.Concurrency
{
    /// <summary>A value that its sender promises not to change, so that it is passed by reference within a process.</summary>
    [GenerateSerializer, Immutable]
    [method: JsonConstructor]
    public readonly struct Immutable<T>(T value)
    {
        [Id(0)]
        [JsonInclude]
        public readonly T Value = value;
    }

    /// <summary>Wraps values in <see cref="Immutable{T}"/>.</summary>
    public static class ImmutableExtensions
    {
        public static Immutable<T> AsImmutable<T>(this T value) => new(value);
    }
}
