namespace Orleans.Runtime
{
    /// <summary>The base of the runtime's own exceptions.</summary>
    [GenerateSerializer]
    public class OrleansException : Exception
    {
        /// <summary>Without a message.</summary>
        public OrleansException()
            : base("Unexpected error.")
        {
        }

        /// <summary>With a message.</summary>
        public OrleansException(string message)
            : base(message)
        {
        }

        /// <summary>With a message and a cause.</summary>
        public OrleansException(string message, Exception? innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>A request was refused by the runtime and did not run, or its answer was lost.</summary>
    [GenerateSerializer]
    public class OrleansMessageRejectionException : OrleansException
    {
        internal OrleansMessageRejectionException(string message)
            : base(message)
        {
        }

        internal OrleansMessageRejectionException(string message, Exception? innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>The silo that a request was sent to is not there, or went away before it answered.</summary>
    [GenerateSerializer]
    public sealed class SiloUnavailableException : OrleansMessageRejectionException
    {
        /// <summary>Without a message.</summary>
        public SiloUnavailableException()
            : base("Silo unavailable")
        {
        }

        /// <summary>With a message.</summary>
        public SiloUnavailableException(string msg)
            : base(msg)
        {
        }

        /// <summary>With a message and a cause.</summary>
        public SiloUnavailableException(string message, Exception? innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>The silo or client was configured, or its grain types were written, in a way that cannot work.</summary>
    [GenerateSerializer]
    public sealed class OrleansConfigurationException : Exception
    {
        /// <summary>With a message.</summary>
        public OrleansConfigurationException(string message)
            : base(message)
        {
        }

        /// <summary>With a message and a cause.</summary>
        public OrleansConfigurationException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>Starting was given up, because stopping began first.</summary>
    [GenerateSerializer]
    public sealed class OrleansLifecycleCanceledException : OrleansException
    {
        internal OrleansLifecycleCanceledException(string message, Exception cause)
            : base(message, cause)
        {
        }
    }
}

namespace Orleans.Runtime.Messaging
{
    /// <summary>No connection could be made to a silo or gateway.</summary>
    [GenerateSerializer]
    public class ConnectionFailedException : OrleansException
    {
        /// <summary>Without a message.</summary>
        public ConnectionFailedException()
        {
        }

        /// <summary>With a message.</summary>
        public ConnectionFailedException(string message)
            : base(message)
        {
        }

        /// <summary>With a message and a cause.</summary>
        public ConnectionFailedException(string message, Exception? innerException)
            : base(message, innerException)
        {
        }
    }
}

namespace Orleans.Serialization
{
    /// <summary>A value was to cross a grain boundary whose type has no <see cref="GenerateSerializerAttribute"/>.</summary>
    [GenerateSerializer]
    public sealed class CodecNotFoundException(string message) : Exception(message);

    /// <summary>What an exception becomes whose type this process does not have, or may not rebuild.</summary>
    public sealed class UnavailableExceptionFallbackException : Exception
    {
        /// <summary>Without a message.</summary>
        public UnavailableExceptionFallbackException()
        {
        }

        /// <summary>With a message and a cause.</summary>
        public UnavailableExceptionFallbackException(string message, Exception? innerException)
            : base(message, innerException)
        {
        }

        /// <summary>The full name of the original exception's type.</summary>
        public string? ExceptionType { get; internal set; }
    }
}

namespace Orleans.Storage
{
    /// <summary>The stored state has another ETag than the one that the writer last read: somebody else has written.</summary>
    [GenerateSerializer]
    public class InconsistentStateException : Runtime.OrleansException
    {
        /// <summary>Without a message.</summary>
        public InconsistentStateException()
        {
        }

        /// <summary>With a message.</summary>
        public InconsistentStateException(string message)
            : base(message)
        {
        }

        /// <summary>With a message and a cause.</summary>
        public InconsistentStateException(string message, Exception? innerException)
            : base(message, innerException)
        {
        }

        /// <summary>With both ETags.</summary>
        public InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag)
            : this(errorMsg, storedEtag, currentEtag, null)
        {
        }

        /// <summary>With both ETags and a cause.</summary>
        public InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag, Exception? storageException)
            : base(errorMsg, storageException)
        {
            StoredEtag = storedEtag;
            CurrentEtag = currentEtag;
        }

        /// <summary>The ETag in the store; null when it has no record.</summary>
        [Id(1)]
        public string? StoredEtag { get; private set; }

        /// <summary>The ETag that the writer held; null when it had read none.</summary>
        [Id(2)]
        public string? CurrentEtag { get; private set; }

        /// <inheritdoc/>
        public override string ToString() =>
            $"InconsistentStateException: {Message} Expected Etag={CurrentEtag} Received Etag={StoredEtag} {InnerException}";
    }

    /// <summary>A storage provider that a grain names is not registered.</summary>
    [GenerateSerializer]
    public sealed class BadProviderConfigException : Runtime.OrleansException
    {
        /// <summary>Without a message.</summary>
        public BadProviderConfigException()
        {
        }

        /// <summary>With a message.</summary>
        public BadProviderConfigException(string message)
            : base(message)
        {
        }
    }
}
