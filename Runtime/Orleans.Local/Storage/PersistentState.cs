using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans;

/// <summary>A grain's state and its store. A state class gets its parameterless constructor's value when there is no record.</summary>
internal sealed class PersistentState<TState>(string name, GrainId grain, IGrainStorage storage) : IPersistentState<TState>, IStateLoader
{
    private readonly GrainState<TState> _state = new(Initial());

    public TState State
    {
        get => _state.State!;
        set => _state.State = value;
    }

    public string? Etag => _state.ETag;

    public bool RecordExists => _state.RecordExists;

    public async Task ReadStateAsync()
    {
        await storage.ReadStateAsync(name, grain, _state);
        _state.State ??= Initial();
    }

    public Task WriteStateAsync() => storage.WriteStateAsync(name, grain, _state);

    public async Task ClearStateAsync()
    {
        await storage.ClearStateAsync(name, grain, _state);
        _state.State ??= Initial();
    }

    public Task LoadAsync(CancellationToken cancellationToken) => ReadStateAsync().WaitAsync(cancellationToken);

    private static TState Initial() => typeof(TState).IsValueType || typeof(TState).GetConstructor([]) is null ? default! : Activator.CreateInstance<TState>();
}

/// <summary>Constructs grains: their services, and the states that their parameters name.</summary>
internal sealed class GrainActivator
{
    public object Create(Activation activation)
    {
        var type = activation.Class.Type;
        var constructors = type.GetConstructors();
        var constructor = constructors.Length == 1 ? constructors[0]
            : constructors.FirstOrDefault(c => c.IsDefined(typeof(ActivatorUtilitiesConstructorAttribute), inherit: true))
            ?? throw new OrleansConfigurationException($"Grain class {type} has {constructors.Length} public constructors: have one, or mark one with [ActivatorUtilitiesConstructor].");
        var arguments = constructor.GetParameters().Select(p => Argument(p, activation)).ToArray();
        return constructor.Invoke(System.Reflection.BindingFlags.DoNotWrapExceptions, null, arguments, null);
    }

    private static object? Argument(System.Reflection.ParameterInfo parameter, Activation activation)
    {
        if (parameter.GetCustomAttributes(typeof(PersistentStateAttribute), inherit: true) is [PersistentStateAttribute state])
        {
            return CreateState(parameter, state, activation);
        }

        if (parameter.ParameterType == typeof(IGrainContext))
        {
            return activation;
        }

        var services = activation.ActivationServices;
        var service = parameter.GetCustomAttributes(typeof(FromKeyedServicesAttribute), inherit: true) is [FromKeyedServicesAttribute keyed]
            ? (services as IKeyedServiceProvider)?.GetKeyedService(parameter.ParameterType, keyed.Key)
            : services.GetService(parameter.ParameterType);
        return service ?? (parameter.HasDefaultValue ? parameter.DefaultValue : throw new InvalidOperationException(
            $"Unable to resolve service for type '{parameter.ParameterType}' while attempting to activate '{parameter.Member.DeclaringType}'."));
    }

    private static IStateLoader CreateState(System.Reflection.ParameterInfo parameter, PersistentStateAttribute attribute, Activation activation)
    {
        if (!parameter.ParameterType.IsGenericType || parameter.ParameterType.GetGenericTypeDefinition() != typeof(IPersistentState<>))
        {
            throw new ArgumentException($"Parameter '{parameter.Name}' of {parameter.Member.DeclaringType} has [PersistentState]: its type must be IPersistentState<T>, not {parameter.ParameterType}.");
        }

        var services = activation.ActivationServices;
        var storage = attribute.StorageName is { Length: > 0 } name ? services.GetKeyedService<IGrainStorage>(name) : services.GetService<IGrainStorage>();
        if (storage is null)
        {
            throw new BadProviderConfigException($"{(attribute.StorageName is { Length: > 0 } missing ? $"No storage provider named \"{missing}\"" : "No default storage provider")} found loading grain type {activation.Class.Type}.");
        }

        var stateType = parameter.ParameterType.GetGenericArguments();
        var state = (IStateLoader)System.Activator.CreateInstance(typeof(PersistentState<>).MakeGenericType(stateType),
            string.IsNullOrEmpty(attribute.StateName) ? parameter.Name : attribute.StateName, activation.GrainId, storage)!;
        activation.LoadBeforeActivation(state);
        return state;
    }
}
