using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Orleans.Serialization;

/// <summary>
/// Isolates the two ends of a call within one process: what may change is copied, what is immutable is shared. Types that have no
/// quick way go through the wire format, so that a call within a process gives what the same call between processes gives.
/// </summary>
internal static class Copier
{
    private static readonly ConcurrentDictionary<Type, Func<object, object>?> Copiers = new();

    private static readonly HashSet<Type> Shared =
    [
        typeof(string), typeof(decimal), typeof(Guid), typeof(DateTime), typeof(DateTimeOffset), typeof(TimeSpan), typeof(DateOnly), typeof(TimeOnly),
        typeof(Int128), typeof(UInt128), typeof(Half), typeof(Uri), typeof(Version), typeof(IPAddress), typeof(CancellationToken), typeof(Unit),
        typeof(GrainId), typeof(GrainType), typeof(IdSpan), typeof(ActivationId), typeof(GrainAddress),
    ];

    private static readonly HashSet<Type> SharedGenerics =
    [
        typeof(ImmutableArray<>), typeof(ImmutableList<>), typeof(ImmutableHashSet<>), typeof(ImmutableDictionary<,>), typeof(ImmutableSortedDictionary<,>),
        typeof(ImmutableSortedSet<>), typeof(ImmutableQueue<>), typeof(ImmutableStack<>), typeof(Nullable<>), typeof(KeyValuePair<,>), typeof(Tuple<,>),
    ];

    /// <summary>How to copy values of a declared type; null when they are shared.</summary>
    public static Func<object, object>? For(Type type) => Copiers.GetOrAdd(type, static t => IsShared(t) ? null : Create(t));

    private static bool IsShared(Type type) =>
        type.IsPrimitive || type.IsEnum || Shared.Contains(type)
        || type.IsDefined(typeof(ImmutableAttribute), inherit: false)
        || typeof(IAddressable).IsAssignableFrom(type)
        || typeof(Exception).IsAssignableFrom(type)
        || (type.IsGenericType && (SharedGenerics.Contains(type.GetGenericTypeDefinition()) || typeof(ITuple).IsAssignableFrom(type))
            && type.GetGenericArguments().All(IsShared));

    private static Func<object, object> Create(Type type)
    {
        if (type.IsArray && type.GetArrayRank() == 1 && IsShared(type.GetElementType()!))
        {
            return static array => ((Array)array).Clone();
        }

        if (type == typeof(ReadOnlyMemory<byte>))
        {
            return static memory => new ReadOnlyMemory<byte>(((ReadOnlyMemory<byte>)memory).ToArray());
        }

        if (type == typeof(Memory<byte>))
        {
            return static memory => new Memory<byte>(((Memory<byte>)memory).ToArray());
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>) && IsShared(type.GetGenericArguments()[0]))
        {
            return typeof(Copier).GetMethod(nameof(CopyList), BindingFlags.NonPublic | BindingFlags.Static)!
                .MakeGenericMethod(type.GetGenericArguments()).CreateDelegate<Func<object, object>>();
        }

        // A declared type that says nothing of its values: ask each value.
        if (type == typeof(object) || ((type.IsInterface || type.IsAbstract) && !type.IsGenericType))
        {
            return value => value.GetType() == type ? value : For(value.GetType()) is { } copy ? copy(value) : value;
        }

        return value => JsonSerializer.Deserialize(JsonSerializer.SerializeToUtf8Bytes(value, type, WireFormat.Options), type, WireFormat.Options)!;
    }

    private static object CopyList<T>(object list) => new List<T>((List<T>)list);
}
