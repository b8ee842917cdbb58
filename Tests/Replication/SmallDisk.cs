using System.Diagnostics;

namespace Sluice.Tests.Replication;

/// <summary>A test that needs a file system of its own, and therefore root.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SmallDiskFactAttribute : FactAttribute
{
    public SmallDiskFactAttribute()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            Skip = "It mounts a small file system, which only root may.";
        }
    }
}

/// <summary>A file system of a few megabytes, in memory, that can be filled up.</summary>
internal sealed class SmallDisk : IDisposable
{
    public SmallDisk(int mebibytes)
    {
        Directory = System.IO.Directory.CreateTempSubdirectory("sluice-small-").FullName;
        Run("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "sluice-test", Directory);
    }

    public string Directory { get; }

    private string Hog => Path.Combine(Directory, "hog");

    /// <summary>Takes all the room that there is.</summary>
    public void Fill()
    {
        using var hog = File.Create(Hog);
        var piece = new byte[64 << 10];
        try
        {
            while (true)
            {
                hog.Write(piece);
                hog.Flush();
            }
        }
        catch (IOException)
        {
            // Full: that was wanted.
        }
    }

    /// <summary>Gives it back.</summary>
    public void Free() => File.Delete(Hog);

    public void Dispose()
    {
        Run("umount", "-l", Directory);
        System.IO.Directory.Delete(Directory);
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }
}
