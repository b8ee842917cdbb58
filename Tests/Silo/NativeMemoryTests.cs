using Sluice.Silo;

namespace Sluice.Tests.Silo;

public sealed class NativeMemoryTests
{
    [Fact]
    public void The_C_library_takes_the_heaps_limits() => Assert.Equal(OperatingSystem.IsLinux(), NativeMemory.KeepLittle());
}
