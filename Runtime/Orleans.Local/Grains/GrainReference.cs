using System.Reflection;

namespace Orleans.Runtime;

/// <summary>
/// A reference to a grain. The proxies that <see cref="IGrainFactory"/> gives derive from it: each call of an interface method
/// arrives here with its method, whose metadata (<c>GrainMethod</c>) makes a request of it.
/// </summary>
public class GrainReference : DispatchProxy, IAddressable, IEquatable<GrainReference>
{
    public GrainId GrainId { get; internal set; }
    public GrainInterfaceType InterfaceType => GrainInterfaces.NameOf(Interface);
    public virtual string InterfaceName => InterfaceType.ToString();
    internal Type Interface { get; set; } = typeof(IAddressable);
    internal ReferenceRuntime Runtime { get; set; } = null!;

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        GrainMethod.Of(targetMethod!).InvokeRemotely(this, args ?? []);

    public bool Equals(GrainReference? other) => other is not null && GrainId == other.GrainId;
    public override bool Equals(object? obj) => Equals(obj as GrainReference);
    public override int GetHashCode() => GrainId.GetHashCode();
    public sealed override string ToString() => $"GrainReference:{GrainId}:{InterfaceName}";
}
