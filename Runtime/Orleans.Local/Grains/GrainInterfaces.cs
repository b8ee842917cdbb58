namespace Orleans.Runtime
{
    /// <summary>Anything that can be called through a reference.</summary>
    public interface IAddressable;
}

namespace Orleans
{
    /// <summary>The base of every grain interface.</summary>
    public interface IGrain : Runtime.IAddressable;

    /// <summary>A grain whose key is text.</summary>
    public interface IGrainWithStringKey : IGrain;

    /// <summary>A grain whose key is an integer.</summary>
    public interface IGrainWithIntegerKey : IGrain;

    /// <summary>A grain whose key is a GUID.</summary>
    public interface IGrainWithGuidKey : IGrain;

    /// <summary>What a grain class must have; <see cref="Grain"/> has it.</summary>
    public interface IGrainBase
    {
        /// <summary>The runtime's side of this activation.</summary>
        Runtime.IGrainContext GrainContext { get; }

        /// <summary>Called before the first request.</summary>
        Task OnActivateAsync(CancellationToken token) => Task.CompletedTask;

        /// <summary>Called after the last request.</summary>
        Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token) => Task.CompletedTask;
    }

    /// <summary>Gives references to grains; making one needs no message.</summary>
    public interface IGrainFactory
    {
        /// <summary>A reference by text key.</summary>
        TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
            where TGrainInterface : IGrainWithStringKey;

        /// <summary>A reference by integer key.</summary>
        TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
            where TGrainInterface : IGrainWithIntegerKey;

        /// <summary>A reference by GUID key.</summary>
        TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null)
            where TGrainInterface : IGrainWithGuidKey;

        /// <summary>A reference by identity.</summary>
        TGrainInterface GetGrain<TGrainInterface>(Runtime.GrainId grainId)
            where TGrainInterface : Runtime.IAddressable;

        /// <summary>A reference by interface and text key.</summary>
        IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey);
    }

    /// <summary>A client of a cluster, inside a silo or outside.</summary>
    public interface IClusterClient : IGrainFactory
    {
        /// <summary>The services of the host that the client lives in.</summary>
        IServiceProvider ServiceProvider { get; }
    }

    /// <summary>Why an activation goes away.</summary>
    public enum DeactivationReasonCode : byte
    {
        /// <summary>Not known.</summary>
        None = 0,

        /// <summary>The silo shuts down.</summary>
        ShuttingDown = 1,

        /// <summary><c>OnActivateAsync</c> threw.</summary>
        ActivationFailed = 2,

        /// <summary>The directory could not be reached.</summary>
        DirectoryFailure = 3,

        /// <summary>It was not used for its collection age.</summary>
        ActivationIdle = 4,

        /// <summary>It did not answer for too long.</summary>
        ActivationUnresponsive = 5,

        /// <summary>Another activation of the same grain came first.</summary>
        DuplicateActivation = 6,

        /// <summary>A request could not be understood.</summary>
        IncompatibleRequest = 7,

        /// <summary>The application failed.</summary>
        ApplicationError = 8,

        /// <summary>The application asked for it.</summary>
        ApplicationRequested = 9,

        /// <summary>It moves to another silo.</summary>
        Migrating = 10,

        /// <summary>The runtime asked for it.</summary>
        RuntimeRequested = 11,

        /// <summary>Memory is short.</summary>
        HighMemoryPressure = 12,
    }

    /// <summary>Why an activation goes away.</summary>
    public readonly struct DeactivationReason(DeactivationReasonCode code, Exception? exception, string text)
    {
        /// <summary>Without an exception.</summary>
        public DeactivationReason(DeactivationReasonCode code, string text)
            : this(code, null, text)
        {
        }

        /// <summary>The reason as a code.</summary>
        public DeactivationReasonCode ReasonCode { get; } = code;

        /// <summary>The reason in words.</summary>
        public string Description { get; } = text;

        /// <summary>What went wrong, if anything did.</summary>
        public Exception? Exception { get; } = exception;

        /// <inheritdoc/>
        public override string ToString() => Exception is null ? $"{ReasonCode}: {Description}." : $"{ReasonCode}: {Description}. Exception: {Exception}";
    }
}
