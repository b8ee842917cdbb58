using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RocksDbSharp.Interop;

/// <summary>
/// Finds the system's RocksDB. The C API changes between releases (a parameter more, a function less), so exactly one
/// release is accepted: the one whose header the declarations in this folder were taken from.
/// </summary>
internal static class NativeLibraryResolver
{
    /// <summary>The name that the declarations in this folder import from.</summary>
    internal const string ImportName = "rocksdb";

    /// <summary>The file that the dynamic loader is asked for.</summary>
    internal const string FileName = "librocksdb.so.7.8";

    // CA2255: a module initializer is the one place that is certain to run before the first import of this assembly is bound,
    // whichever class that import is declared in.
#pragma warning disable CA2255
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Register() =>
        NativeLibrary.SetDllImportResolver(typeof(NativeLibraryResolver).Assembly, ResolveImport);

    /// <summary>Loads a file by name or throws <see cref="DllNotFoundException"/>. Tests put one here that finds nothing.</summary>
    internal static Func<string, nint> Loader { get; set; } = NativeLibrary.Load;

    /// <summary>Loads the library.</summary>
    /// <exception cref="DllNotFoundException">It cannot be loaded; the message names the command that installs it, the inner exception the reason.</exception>
    internal static nint Load()
    {
        try
        {
            return Loader(FileName);
        }
        catch (DllNotFoundException reason)
        {
            throw new DllNotFoundException(
                $"RocksDB's shared library {FileName} cannot be loaded. On Debian 12, install it with: apt-get install -y librocksdb7.8", reason);
        }
    }

    private static nint ResolveImport(string name, Assembly assembly, DllImportSearchPath? searchPath) => name == ImportName ? Load() : 0;
}
