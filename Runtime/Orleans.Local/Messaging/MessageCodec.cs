using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans;

/// <summary>Makes messages of calls, results and exceptions, and the reverse. Only types that this process knows are ever made.</summary>
internal sealed class MessageCodec(GrainTypes types)
{
    private static readonly FieldInfo MessageField = ExceptionField("_message");
    private static readonly FieldInfo InnerField = ExceptionField("_innerException");
    private static readonly FieldInfo RemoteStackField = ExceptionField("_remoteStackTraceString");

    private readonly ConcurrentDictionary<(string Interface, string Method), GrainMethod> _methods = new();

    public CallMessage Encode(Invocation call, SiloAddress? silo) => new()
    {
        Silo = silo,
        Grain = call.Target.ToString(),
        Interface = call.Method.InterfaceName,
        Method = call.Method.Name,
        Arguments = EncodeArguments(call),
        TraceParent = call.TraceParent,
        TraceState = call.TraceState,
        TimeoutSeconds = call.Timeout.TotalSeconds,
        Hops = call.Hops,
        Origin = call.Origin,
    };

    public Invocation Decode(CallMessage message)
    {
        var known = _methods.GetOrAdd((message.Interface, message.Method), static (name, types) => Find(types, name.Interface, name.Method), types);
        var call = known.CreateRequest(GrainId.Parse(message.Grain), [.. known.ParameterTypes.Select((type, i) =>
            i == known.CancellationIndex ? CancellationToken.None : message.Arguments[i].Deserialize(type, WireFormat.Options))]);
        call.TraceParent = message.TraceParent;
        call.TraceState = message.TraceState;
        call.Timeout = TimeSpan.FromSeconds(message.TimeoutSeconds);
        call.Hops = message.Hops;
        call.Origin = message.Origin;
        return call;
    }

    public CallReply EncodeReply(Invocation call, bool moved)
    {
        if (!call.Completion.IsCompletedSuccessfully)
        {
            return new CallReply { Error = Encode(call.Completion.IsCanceled ? new OperationCanceledException("The call was cancelled.") : call.Completion.Exception!.InnerException!), Moved = moved };
        }

        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            call.WriteResult(writer);
        }

        return new CallReply { Result = JsonDocument.Parse(buffer.ToArray()).RootElement, Moved = moved };
    }

    public static ErrorMessage Encode(Exception exception)
    {
        var type = exception.GetType();
        var ours = type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false);
        if (!ours && !IsPlatform(type))
        {
            return Encode(new CodecNotFoundException($"Could not find a codec for type {type}: give it [GenerateSerializer]. The exception was: {exception.Message}"));
        }

        return new ErrorMessage
        {
            Type = NameOf(type),
            Message = exception.Message,
            StackTrace = exception.StackTrace,
            Members = !ours ? null : WireFormat.MembersOf(type).ToDictionary(m => m.Name, m => JsonSerializer.SerializeToElement(ValueOf(m.Member, exception), TypeOf(m.Member), WireFormat.Options)),
            Inner = exception.InnerException is { } inner ? Encode(inner) : null,
        };
    }

    public Exception Decode(ErrorMessage message)
    {
        var inner = message.Inner is null ? null : Decode(message.Inner);
        var type = types.SerializableNamed(message.Type) ?? typeof(object).Assembly.GetType(message.Type);
        if (type is null || !typeof(Exception).IsAssignableFrom(type))
        {
            return new UnavailableExceptionFallbackException(message.Message, inner) { ExceptionType = message.Type };
        }

        var exception = (Exception)(IsPlatform(type) && type.GetConstructor([typeof(string)]) is { } constructor ? constructor.Invoke([message.Message]) : RuntimeHelpers.GetUninitializedObject(type));
        MessageField.SetValue(exception, message.Message);
        InnerField.SetValue(exception, inner);
        RemoteStackField.SetValue(exception, message.StackTrace is null ? null : $"{message.StackTrace}{Environment.NewLine}--- End of stack trace from the remote process ---{Environment.NewLine}");
        foreach (var (member, name) in message.Members is null ? [] : WireFormat.MembersOf(type))
        {
            if (message.Members!.TryGetValue(name, out var value))
            {
                WireFormat.Setter(member)(exception, value.Deserialize(TypeOf(member), WireFormat.Options));
            }
        }

        return exception;
    }

    private static GrainMethod Find(GrainTypes types, string interfaceName, string name)
    {
        var grainInterface = types.InterfaceNamed(interfaceName) ?? throw new OrleansException($"Grain interface '{interfaceName}' is not in this process.");
        var method = GrainInterfaces.MethodsOf(grainInterface).FirstOrDefault(m => GrainInterfaces.NameOf(m) == name)
            ?? throw new OrleansException($"Grain interface '{interfaceName}' has no method '{name}'.");
        return GrainMethod.Of(method);
    }

    private static JsonElement EncodeArguments(Invocation call)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            for (var i = 0; i < call.Arguments.Length; i++)
            {
                if (i == call.Method.CancellationIndex)
                {
                    writer.WriteNullValue();
                }
                else
                {
                    JsonSerializer.Serialize(writer, call.Arguments[i], call.Method.ParameterTypes[i], WireFormat.Options);
                }
            }

            writer.WriteEndArray();
        }

        return JsonDocument.Parse(buffer.ToArray()).RootElement;
    }

    private static string NameOf(Type type) => GrainInterfaces.AliasOf(type) ?? type.FullName!;

    private static bool IsPlatform(Type type) => type.Assembly == typeof(object).Assembly;

    private static Type TypeOf(MemberInfo member) => member is PropertyInfo property ? property.PropertyType : ((FieldInfo)member).FieldType;

    private static object? ValueOf(MemberInfo member, object target) => member is PropertyInfo property ? property.GetValue(target) : ((FieldInfo)member).GetValue(target);

    private static FieldInfo ExceptionField(string name) => typeof(Exception).GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)!;
}
