using System.Globalization;

namespace Sluice.Lab.Processes;

/// <summary>What processes take, as /proc tells.</summary>
/// <param name="ResidentBytes">Resident memory.</param>
/// <param name="CpuSeconds">User and system time, that of children which have ended included.</param>
internal readonly record struct ProcessUsage(long ResidentBytes, double CpuSeconds)
{
    private const int PageBytes = 4096;
    private const double TicksPerSecond = 100;

    /// <summary>Of one process and all below it; nothing when it has gone.</summary>
    public static ProcessUsage OfTree(int pid)
    {
        try
        {
            var usage = OfOne(pid);
            foreach (var task in Directory.EnumerateDirectories($"/proc/{pid}/task"))
            {
                foreach (var child in File.ReadAllText($"{task}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    var below = OfTree(int.Parse(child, CultureInfo.InvariantCulture));
                    usage = new ProcessUsage(usage.ResidentBytes + below.ResidentBytes, usage.CpuSeconds + below.CpuSeconds);
                }
            }

            return usage;
        }
        catch (IOException)
        {
            // It ended while it was looked at.
            return default;
        }
    }

    private static ProcessUsage OfOne(int pid)
    {
        // The name, in parentheses, may hold anything: what is behind the last one is fields 3 and up of proc(5).
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = Enumerable.Range(11, 4).Sum(field => long.Parse(fields[field], CultureInfo.InvariantCulture));
        return new ProcessUsage(long.Parse(fields[21], CultureInfo.InvariantCulture) * PageBytes, ticks / TicksPerSecond);
    }
}
