using System.Reflection;

namespace Orleans.Runtime;

/// <summary>
/// A reference to a grain. The proxies that <see cref="IGrainFactory"/> gives derive from it: each call of an interface method
/// arrives here with its method, whose metadata (<c>GrainMethod</c>) makes a request of it.
/// </summary>
public class GrainReference : DispatchProxy, IAddressable, IEquatable<GrainReference>
{
    /// <summary>The grain.</summary>
    public GrainId GrainId { get; internal set; }

    /// <summary>The interface that the reference is typed by.</summary>
    public GrainInterfaceType InterfaceType => GrainInterfaces.NameOf(Interface);

    /// <summary>The name of that interface.</summary>
    public virtual string InterfaceName => InterfaceType.ToString();

    internal Type Interface { get; set; } = typeof(IAddressable);

    internal ReferenceRuntime Runtime { get; set; } = null!;

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        GrainMethod.Of(targetMethod!).InvokeRemotely(this, args ?? []);

    /// <inheritdoc/>
    public bool Equals(GrainReference? other) => other is not null && GrainId == other.GrainId;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    /// <inheritdoc/>
    public override int GetHashCode() => GrainId.GetHashCode();

    /// <inheritdoc/>
    public sealed override string ToString() => $"GrainReference:{GrainId}:{InterfaceName}";

    /// <inheritdoc/>
    public static bool operator ==(GrainReference? reference1, GrainReference? reference2) => reference1?.Equals(reference2) ?? reference2 is null;

    /// <inheritdoc/>
    public static bool operator !=(GrainReference? reference1, GrainReference? reference2) => !(reference1 == reference2);
}
