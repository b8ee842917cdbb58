using System.Text;

namespace Sluice.Client;

/// <summary>A key or a value: bytes. Text stands for its UTF-8 bytes.</summary>
/// <param name="memory">The bytes; not to be changed while a call uses them.</param>
public readonly struct SluiceBytes(ReadOnlyMemory<byte> memory)
{
    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Memory { get; } = memory;

    public static implicit operator SluiceBytes(string text) => new(Encoding.UTF8.GetBytes(text));

    public static implicit operator SluiceBytes(byte[] bytes) => new(bytes);

    public static implicit operator SluiceBytes(ReadOnlyMemory<byte> memory) => new(memory);

    /// <summary>The bytes of a text.</summary>
    public static SluiceBytes FromString(string text) => text;

    /// <summary>The bytes as text.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Memory.Span);

    /// <summary>The bytes as an array of their own or, when they fill one, that one.</summary>
    internal byte[] ToArray() =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(Memory, out var segment) && segment.Array is { } array
            && segment.Offset == 0 && segment.Count == array.Length
            ? array
            : Memory.ToArray();
}
