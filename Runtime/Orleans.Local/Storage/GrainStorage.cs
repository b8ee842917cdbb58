using Orleans.Runtime;

namespace Orleans.Storage
{
    /// <summary>Keeps grain state; registered as a keyed service under its name.</summary>
    public interface IGrainStorage
    {
        /// <summary>Reads the state, with its ETag and whether there is a record.</summary>
        Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <summary>Writes the state if the record still has the state's ETag, and gives it a new one.</summary>
        /// <exception cref="InconsistentStateException">It has another.</exception>
        Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <summary>Removes the record if it still has the state's ETag.</summary>
        /// <exception cref="InconsistentStateException">It has another.</exception>
        Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);
    }
}

namespace Orleans
{
    /// <summary>A state as its store has it.</summary>
    public interface IGrainState<T>
    {
        /// <summary>The state.</summary>
        T? State { get; set; }

        /// <summary>The version of the record that was last read or written.</summary>
        string? ETag { get; set; }

        /// <summary>Whether there is a record.</summary>
        bool RecordExists { get; set; }
    }

    /// <inheritdoc/>
    [GenerateSerializer]
    public sealed class GrainState<T> : IGrainState<T>
    {
        /// <summary>Without a state.</summary>
        public GrainState()
        {
        }

        /// <summary>With a state.</summary>
        public GrainState(T? state) => State = state;

        /// <summary>With a state and its version.</summary>
        public GrainState(T? state, string? eTag)
        {
            State = state;
            ETag = eTag;
        }

        /// <inheritdoc/>
        [Id(0)]
        public T? State { get; set; }

        /// <inheritdoc/>
        [Id(1)]
        public string? ETag { get; set; }

        /// <inheritdoc/>
        [Id(2)]
        public bool RecordExists { get; set; }
    }
}

namespace Orleans.Core
{
    /// <summary>A state with its store.</summary>
    public interface IStorage
    {
        /// <summary>The version of the record that was last read or written.</summary>
        string? Etag { get; }

        /// <summary>Whether there is a record.</summary>
        bool RecordExists { get; }

        /// <summary>Reads the state anew.</summary>
        Task ReadStateAsync();

        /// <summary>Writes the state.</summary>
        Task WriteStateAsync();

        /// <summary>Removes the record.</summary>
        Task ClearStateAsync();
    }

    /// <summary>A state with its store.</summary>
    public interface IStorage<TState> : IStorage
    {
        /// <summary>The state in memory; changes are kept only by <see cref="IStorage.WriteStateAsync()"/>.</summary>
        TState State { get; set; }
    }
}

namespace Orleans.Runtime
{
    /// <summary>A grain's state, given to its constructor by <see cref="PersistentStateAttribute"/> and read before OnActivateAsync.</summary>
    public interface IPersistentState<TState> : Core.IStorage<TState>;

    /// <summary>Marks a constructor parameter of type <see cref="IPersistentState{TState}"/>.</summary>
    [AttributeUsage(AttributeTargets.Parameter)]
    public class PersistentStateAttribute(string stateName, string? storageName = null) : Attribute
    {
        /// <summary>The state's name in the store.</summary>
        public string StateName { get; } = stateName;

        /// <summary>The store's name; null for the default one.</summary>
        public string? StorageName { get; } = storageName;
    }
}
