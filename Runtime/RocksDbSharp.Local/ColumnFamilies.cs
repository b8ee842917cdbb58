using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace RocksDbSharp;

/// <summary>The column families to open a database with; 'default' is always the first.</summary>
[SuppressMessage("Naming", "CA1710", Justification = "The name is RocksDbSharp's.")]
public class ColumnFamilies : IEnumerable<ColumnFamilies.Descriptor>
{
    /// <summary>The name of the column family that every database has.</summary>
    public static readonly string DefaultName = "default";

    private readonly List<Descriptor> _descriptors = [];

    /// <summary>Begins with the default column family, with <paramref name="options"/> or RocksDB's own defaults.</summary>
    public ColumnFamilies(ColumnFamilyOptions? options = null) =>
        _descriptors.Add(new Descriptor(DefaultName, options ?? new ColumnFamilyOptions()));

    /// <summary>The names, in order.</summary>
    public IEnumerable<string> Names => _descriptors.Select(family => family.Name);

    /// <summary>The options' native pointers, in the order of <see cref="Names"/>.</summary>
    public IEnumerable<IntPtr> OptionHandles => _descriptors.Select(family => family.Options.Handle);

    /// <summary>Adds a column family; 'default' replaces the one that is there.</summary>
    public void Add(Descriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        if (descriptor.Name == DefaultName)
        {
            _descriptors[0] = descriptor;
        }
        else
        {
            _descriptors.Add(descriptor);
        }
    }

    /// <summary>Adds a column family; 'default' replaces the one that is there.</summary>
    public void Add(string name, ColumnFamilyOptions options) => Add(new Descriptor(name, options));

    /// <inheritdoc/>
    public IEnumerator<Descriptor> GetEnumerator() => _descriptors.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => _descriptors.GetEnumerator();

    /// <summary>A column family's name and options.</summary>
    public class Descriptor(string name, ColumnFamilyOptions options)
    {
        /// <summary>The name, as it is stored in the database.</summary>
        public string Name { get; } = name;

        /// <summary>How its tables are kept.</summary>
        public ColumnFamilyOptions Options { get; } = options;
    }
}
