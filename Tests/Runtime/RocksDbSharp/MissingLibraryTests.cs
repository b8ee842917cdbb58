using System.Reflection;
using System.Runtime.Loader;
using RocksDbSharp;

namespace Sluice.Tests.Runtime.RocksDbSharp;

public class MissingLibraryTests
{
    [Fact]
    public void A_missing_library_names_the_command_that_installs_it()
    {
        // A second copy of the assembly, whose imports are not bound yet, with a loader that finds nothing.
        var context = new AssemblyLoadContext(nameof(MissingLibraryTests), isCollectible: true);
        try
        {
            Assembly copy = context.LoadFromAssemblyPath(typeof(RocksDb).Assembly.Location);
            Type resolver = copy.GetType("RocksDbSharp.Interop.NativeLibraryResolver", throwOnError: true)!;
            Func<string, nint> nothing = file => throw new DllNotFoundException($"{file}: cannot open shared object file");
            resolver.GetProperty("Loader", BindingFlags.Static | BindingFlags.NonPublic)!.SetValue(null, nothing);

            Type batch = copy.GetType(typeof(WriteBatch).FullName!, throwOnError: true)!;
            var failed = Assert.Throws<TargetInvocationException>(() => Activator.CreateInstance(batch));

            var missing = Assert.IsType<DllNotFoundException>(failed.InnerException);
            Assert.Equal(
                "RocksDB's shared library librocksdb.so.7.8 cannot be loaded. On Debian 12, install it with: apt-get install -y librocksdb7.8",
                missing.Message);
            Assert.Contains("cannot open shared object file", missing.InnerException!.Message, StringComparison.Ordinal);
        }
        finally
        {
            context.Unload();
        }
    }
}
