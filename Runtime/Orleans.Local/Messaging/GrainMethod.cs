using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans;

/// <summary>The result of a method that has none.</summary>
internal readonly struct Unit;

/// <summary>
/// What the runtime knows of one method of a grain interface: how to make a request of a call, and how to make a call of a request.
/// Made once per method; the call itself is a compiled delegate, not reflection.
/// </summary>
internal abstract class GrainMethod
{
    private static readonly ConcurrentDictionary<MethodInfo, GrainMethod> Methods = new();

    protected GrainMethod(MethodInfo method)
    {
        Info = method;
        Name = GrainInterfaces.NameOf(method);
        InterfaceName = GrainInterfaces.NameOf(method.DeclaringType!).ToString();
        ActivityName = $"{method.DeclaringType!.Name}/{method.Name}";
        var parameters = method.GetParameters();
        ParameterTypes = [.. parameters.Select(p => p.ParameterType)];
        CancellationIndex = Array.IndexOf(ParameterTypes, typeof(CancellationToken));
        Copiers = [.. parameters.Select(p => p.IsDefined(typeof(ImmutableAttribute)) ? null : Copier.For(p.ParameterType))];
        OneWay = method.IsDefined(typeof(OneWayAttribute)) || method.ReturnType == typeof(void);
        ReadOnly = method.IsDefined(typeof(ReadOnlyAttribute));
        AlwaysInterleave = method.IsDefined(typeof(AlwaysInterleaveAttribute));
        ResponseTimeout = method.GetCustomAttribute<ResponseTimeoutAttribute>()?.Timeout;
    }

    public MethodInfo Info { get; }

    public string Name { get; }

    public string InterfaceName { get; }

    public string ActivityName { get; }

    public Type[] ParameterTypes { get; }

    /// <summary>Which parameter is the cancellation token; -1 for none.</summary>
    public int CancellationIndex { get; }

    public bool OneWay { get; }

    public bool ReadOnly { get; }

    public bool AlwaysInterleave { get; }

    public TimeSpan? ResponseTimeout { get; }

    /// <summary>How each argument is isolated from its sender; null where it may be shared.</summary>
    protected Func<object, object>?[] Copiers { get; }

    public static GrainMethod Of(MethodInfo method) => Methods.TryGetValue(method, out var known) ? known : Methods.GetOrAdd(method, Create);

    /// <summary>Sends a call made on a reference; the result is what the proxy returns.</summary>
    public abstract object? InvokeRemotely(GrainReference reference, object?[] arguments);

    /// <summary>A request that arrived from another process, with arguments of its own.</summary>
    public abstract Invocation CreateRequest(GrainId target, object?[] arguments);

    protected void CopyArguments(object?[] arguments)
    {
        for (var i = 0; i < arguments.Length; i++)
        {
            if (Copiers[i] is { } copy && arguments[i] is { } argument)
            {
                arguments[i] = copy(argument);
            }
        }
    }

    private static GrainMethod Create(MethodInfo method)
    {
        var returned = method.ReturnType;
        var result = returned.IsGenericType ? returned.GetGenericArguments()[0] : typeof(Unit);
        return (GrainMethod)Activator.CreateInstance(typeof(GrainMethod<>).MakeGenericType(result), method)!;
    }
}

/// <inheritdoc/>
internal sealed class GrainMethod<TResult> : GrainMethod
{
    private readonly Func<object, object?[], ValueTask<TResult>> _call;
    private readonly bool _valueTask;

    public GrainMethod(MethodInfo method)
        : base(method)
    {
        _valueTask = method.ReturnType.IsValueType && method.ReturnType != typeof(void);
        _call = Compile(method);
        CopyResult = method.ReturnParameter.IsDefined(typeof(ImmutableAttribute)) ? null : Copier.For(typeof(TResult));
    }

    public Func<object, object>? CopyResult { get; }

    public ValueTask<TResult> Call(object grain, object?[] arguments) => _call(grain, arguments);

    public override object? InvokeRemotely(GrainReference reference, object?[] arguments)
    {
        CopyArguments(arguments);
        var request = new Invocation<TResult>(reference.GrainId, this, arguments);
        reference.Runtime.Send(request);
        if (OneWay)
        {
            // The caller does not wait; whatever becomes of the request is not its business.
            request.Completion.Ignore();
            return Info.ReturnType == typeof(void) ? null
                : _valueTask ? (typeof(TResult) == typeof(Unit) ? default(ValueTask) : default(ValueTask<TResult>))
                : Task.FromResult(default(TResult));
        }

        return !_valueTask ? request.Completion
            : typeof(TResult) == typeof(Unit) ? new ValueTask(request.Completion)
            : new ValueTask<TResult>(request.Completion);
    }

    public override Invocation CreateRequest(GrainId target, object?[] arguments) => new Invocation<TResult>(target, this, arguments);

    private static Func<object, object?[], ValueTask<TResult>> Compile(MethodInfo method)
    {
        var target = Expression.Parameter(typeof(object));
        var arguments = Expression.Parameter(typeof(object?[]));
        var call = Expression.Call(
            Expression.Convert(target, method.DeclaringType!),
            method,
            method.GetParameters().Select((p, i) => Expression.Convert(Expression.ArrayIndex(arguments, Expression.Constant(i)), p.ParameterType)));
        Expression body = method.ReturnType switch
        {
            var t when t == typeof(ValueTask<TResult>) => call,
            var t when t == typeof(Task<TResult>) => Expression.New(typeof(ValueTask<TResult>).GetConstructor([typeof(Task<TResult>)])!, call),
            var t when t == typeof(Task) => Expression.Call(typeof(ResultShape), nameof(ResultShape.OfTask), null, call),
            var t when t == typeof(ValueTask) => Expression.Call(typeof(ResultShape), nameof(ResultShape.OfValueTask), null, call),
            _ => Expression.Block(call, Expression.Default(typeof(ValueTask<TResult>))),
        };
        return Expression.Lambda<Func<object, object?[], ValueTask<TResult>>>(body, target, arguments).Compile();
    }
}

/// <summary>Gives tasks without a result the result <see cref="Unit"/>.</summary>
internal static class ResultShape
{
    public static ValueTask<Unit> OfTask(Task task) => task.IsCompletedSuccessfully ? default : new ValueTask<Unit>(Await(new ValueTask(task)));

    public static ValueTask<Unit> OfValueTask(ValueTask task) => task.IsCompletedSuccessfully ? default : new ValueTask<Unit>(Await(task));

    private static async Task<Unit> Await(ValueTask task)
    {
        await task;
        return default;
    }
}
