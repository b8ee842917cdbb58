using System.Diagnostics;

namespace Orleans.Diagnostics
{
    /// <summary>The names of the runtime's activity sources.</summary>
    public static class ActivitySources
    {
        /// <summary>The source of the spans of application calls.</summary>
        public const string ApplicationGrainActivitySourceName = "Microsoft.Orleans.Application";
    }
}

namespace Orleans
{
    /// <summary>Spans of calls, with the tags of OpenTelemetry's convention for RPC.</summary>
    internal static class Telemetry
    {
        public static ActivitySource Application { get; } = new(Diagnostics.ActivitySources.ApplicationGrainActivitySourceName);

        public static Activity? Describe(Activity? activity, Invocation call)
        {
            if (activity is { IsAllDataRequested: true })
            {
                activity.SetTag("rpc.system", "orleans");
                activity.SetTag("rpc.service", call.Method.InterfaceName);
                activity.SetTag("rpc.method", $"{call.Method.InterfaceName}/{call.Method.Name}");
                activity.SetTag("rpc.orleans.target_id", call.Target.ToString());
            }

            return activity;
        }

        public static ActivityContext ParentOf(string traceParent, string? traceState) =>
            ActivityContext.TryParse(traceParent, traceState, isRemote: true, out var context) ? context : default;

        public static void Stop(Activity? activity, Exception? error)
        {
            if (activity is null)
            {
                return;
            }

            if (error is not null)
            {
                activity.SetStatus(ActivityStatusCode.Error, error.Message);
                activity.SetTag("exception.type", error.GetType().FullName);
                activity.SetTag("exception.message", error.Message);
            }

            // Stopping makes the parent current, which on a thread of somebody else's turn it must not be.
            var current = Activity.Current;
            activity.Stop();
            Activity.Current = ReferenceEquals(current, activity) ? null : current;
        }
    }
}
