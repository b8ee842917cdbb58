namespace RocksDbSharp;

/// <summary>Makes a <typeparamref name="T"/> of bytes in RocksDB's own memory, which are not copied and are gone after the call.</summary>
public interface ISpanDeserializer<T>
{
    /// <summary>Reads <paramref name="buffer"/>; must not keep it.</summary>
    T Deserialize(ReadOnlySpan<byte> buffer);
}
