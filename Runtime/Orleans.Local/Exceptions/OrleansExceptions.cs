namespace Orleans.Runtime
{
    /// <summary>The base of the runtime's own exceptions.</summary>
    [GenerateSerializer]
    public class OrleansException(string message, Exception? innerException) : Exception(message, innerException)
    {
        public OrleansException(string message) : this(message, null) { }
    }

    /// <summary>A request was refused by the runtime and did not run, or its answer was lost.</summary>
    [GenerateSerializer]
    public class OrleansMessageRejectionException : OrleansException
    {
        internal OrleansMessageRejectionException(string message, Exception? innerException = null) : base(message, innerException) { }
    }

    /// <summary>The silo that a request was sent to is not there, or went away before it answered.</summary>
    [GenerateSerializer]
    public sealed class SiloUnavailableException(string message, Exception? innerException) : OrleansMessageRejectionException(message, innerException)
    {
        public SiloUnavailableException(string msg) : this(msg, null) { }
    }

    /// <summary>The silo or client was configured, or its grain types were written, in a way that cannot work.</summary>
    [GenerateSerializer]
    public sealed class OrleansConfigurationException(string message) : Exception(message);
}

namespace Orleans.Serialization
{
    /// <summary>A value was to cross a grain boundary whose type has no <see cref="GenerateSerializerAttribute"/>.</summary>
    [GenerateSerializer]
    public sealed class CodecNotFoundException(string message) : Exception(message);

    /// <summary>What an exception becomes whose type this process does not have.</summary>
    public sealed class UnavailableExceptionFallbackException(string message, Exception? innerException) : Exception(message, innerException)
    {
        public string? ExceptionType { get; internal set; }
    }
}

namespace Orleans.Storage
{
    /// <summary>The stored state has another ETag than the one that the writer last read: somebody else has written.</summary>
    [GenerateSerializer]
    public class InconsistentStateException : Runtime.OrleansException
    {
        public InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag, Exception? storageException = null)
            : base(errorMsg, storageException) => (StoredEtag, CurrentEtag) = (storedEtag, currentEtag);

        internal bool IsSourceActivation { get; set; } = true;

        /// <summary>The ETag in the store; null when it has no record.</summary>
        [Id(1)]
        public string? StoredEtag { get; private set; }

        /// <summary>The ETag that the writer held; null when it had read none.</summary>
        [Id(2)]
        public string? CurrentEtag { get; private set; }
    }

    /// <summary>A storage provider that a grain names is not registered.</summary>
    [GenerateSerializer]
    public sealed class BadProviderConfigException(string message) : Runtime.OrleansException(message);
}
