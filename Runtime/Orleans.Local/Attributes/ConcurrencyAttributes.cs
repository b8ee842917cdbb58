namespace Orleans.Concurrency
{
    /// <summary>The requests of this grain class interleave at every await: a turn still runs alone.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class ReentrantAttribute : Attribute;

    /// <summary>Requests of this method interleave with every other request of the grain.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class AlwaysInterleaveAttribute : Attribute;

    /// <summary>Requests of this method interleave with each other, but not with the rest.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class ReadOnlyAttribute : Attribute;

    /// <summary>The caller does not wait for this method: its task completes when the message is sent, and errors are lost.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class OneWayAttribute : Attribute;
}

namespace Orleans
{
    /// <summary>The grain is never collected for being idle.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public class KeepAliveAttribute : Attribute;

    /// <summary>How long a grain of this class may be idle before it is collected, if other than the silo's own age.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public class CollectionAgeLimitAttribute : Attribute
    {
        private readonly TimeSpan? _limit;

        /// <summary>An age given by <see cref="Days"/>, <see cref="Hours"/> and <see cref="Minutes"/>.</summary>
        public CollectionAgeLimitAttribute()
        {
        }

        /// <summary>An age in <see cref="TimeSpan"/>'s own notation.</summary>
        public CollectionAgeLimitAttribute(string inactivityPeriod) =>
            _limit = TimeSpan.Parse(inactivityPeriod, System.Globalization.CultureInfo.InvariantCulture);

        /// <summary>Days of the age.</summary>
        public double Days { get; set; }

        /// <summary>Hours of the age.</summary>
        public double Hours { get; set; }

        /// <summary>Minutes of the age.</summary>
        public double Minutes { get; set; }

        /// <summary>True: never collected.</summary>
        public bool AlwaysActive { get; set; }

        /// <summary>The age, whichever way it was given.</summary>
        public TimeSpan AgeLimit => AlwaysActive ? Timeout.InfiniteTimeSpan
            : _limit ?? TimeSpan.FromDays(Days) + TimeSpan.FromHours(Hours) + TimeSpan.FromMinutes(Minutes);
    }

    /// <summary>Names a grain class in grain ids, instead of the name that its type's name gives.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class GrainTypeAttribute(string grainType) : Attribute
    {
        internal string GrainType { get; } = grainType;
    }
}
