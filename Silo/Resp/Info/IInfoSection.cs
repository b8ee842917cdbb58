namespace Sluice.Silo.Resp.Info;

/// <summary>A section of INFO. Registered as a service; sections appear in the order of registration.</summary>
public interface IInfoSection
{
    /// <summary>As in <c>INFO name</c>: lower case.</summary>
    string Name { get; }

    /// <summary>Writes its fields.</summary>
    ValueTask WriteAsync(InfoFields fields);
}
