using Orleans.Runtime;

namespace Orleans
{
    /// <summary>Takes part in a lifecycle at one stage.</summary>
    public interface ILifecycleObserver
    {
        /// <summary>The stage begins; the next waits for this.</summary>
        Task OnStart(CancellationToken cancellationToken = default);

        /// <summary>The stage ends, in reverse order.</summary>
        Task OnStop(CancellationToken cancellationToken = default);
    }

    /// <summary>A lifecycle that can be taken part in.</summary>
    public interface ILifecycleObservable
    {
        /// <summary>Takes part at a stage; disposing the result ends that.</summary>
        IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer);
    }

    /// <summary>A service that takes part in a lifecycle; registered under this type.</summary>
    public interface ILifecycleParticipant<TLifecycleObservable>
        where TLifecycleObservable : ILifecycleObservable
    {
        /// <summary>Subscribes to the stages it wants.</summary>
        void Participate(TLifecycleObservable lifecycle);
    }

    /// <summary>The stages of a silo's life, in the order of starting.</summary>
    public static class ServiceLifecycleStage
    {
        /// <summary>Before all.</summary>
        public const int First = int.MinValue;

        /// <summary>The runtime's parts.</summary>
        public const int RuntimeInitialize = 2_000;

        /// <summary>The runtime's services: from here on messages are received.</summary>
        public const int RuntimeServices = 4_000;

        /// <summary>Storage providers.</summary>
        public const int RuntimeStorageServices = 6_000;

        /// <summary>Grain services.</summary>
        public const int RuntimeGrainServices = 8_000;

        /// <summary>After grain services.</summary>
        public const int AfterRuntimeGrainServices = 8_100;

        /// <summary>The application's services.</summary>
        public const int ApplicationServices = 10_000;

        /// <summary>The silo becomes a member that grains are placed on.</summary>
        public const int BecomeActive = Active - 1;

        /// <summary>The silo is a member.</summary>
        public const int Active = 20_000;

        /// <summary>After all.</summary>
        public const int Last = int.MaxValue;
    }

    /// <summary>Short ways to take part.</summary>
    public static class LifecycleExtensions
    {
        /// <summary>Takes part with two calls.</summary>
        public static IDisposable Subscribe(this ILifecycleObservable observable, string observerName, int stage, Func<CancellationToken, Task> onStart, Func<CancellationToken, Task>? onStop) =>
            observable.Subscribe(observerName, stage, new Observer(onStart, onStop));

        /// <summary>Takes part with one call.</summary>
        public static IDisposable Subscribe(this ILifecycleObservable observable, string observerName, int stage, Func<CancellationToken, Task> onStart) =>
            observable.Subscribe(observerName, stage, new Observer(onStart, null));

        /// <summary>Takes part under the observer's type name.</summary>
        public static IDisposable Subscribe(this ILifecycleObservable observable, int stage, ILifecycleObserver observer) =>
            observable.Subscribe(observer.GetType().FullName!, stage, observer);

        /// <summary>Takes part under a type's name.</summary>
        public static IDisposable Subscribe<TObserver>(this ILifecycleObservable observable, int stage, Func<CancellationToken, Task> onStart, Func<CancellationToken, Task> onStop) =>
            observable.Subscribe(typeof(TObserver).FullName!, stage, onStart, onStop);

        /// <summary>Takes part under a type's name.</summary>
        public static IDisposable Subscribe<TObserver>(this ILifecycleObservable observable, int stage, Func<CancellationToken, Task> onStart) =>
            observable.Subscribe(typeof(TObserver).FullName!, stage, onStart);

        private sealed class Observer(Func<CancellationToken, Task> start, Func<CancellationToken, Task>? stop) : ILifecycleObserver
        {
            public Task OnStart(CancellationToken cancellationToken = default) => start(cancellationToken);

            public Task OnStop(CancellationToken cancellationToken = default) => stop?.Invoke(cancellationToken) ?? Task.CompletedTask;
        }
    }
}

namespace Orleans.Runtime
{
    /// <summary>The life of a silo.</summary>
    public interface ISiloLifecycle : ILifecycleObservable
    {
        /// <summary>The highest stage that has started.</summary>
        int HighestCompletedStage { get; }

        /// <summary>The lowest stage that has stopped.</summary>
        int LowestStoppedStage { get; }
    }

    /// <summary>Runs once when the silo has become active.</summary>
    public interface IStartupTask
    {
        /// <summary>The task; its failure fails the start.</summary>
        Task Execute(CancellationToken cancellationToken);
    }

    /// <summary>Starts stage after stage, all observers of one stage together; stops what started, in reverse.</summary>
    internal sealed class SiloLifecycle : ISiloLifecycle
    {
        private readonly List<Subscription> _subscriptions = [];

        public int HighestCompletedStage { get; private set; } = int.MinValue;

        public int LowestStoppedStage { get; private set; } = int.MaxValue;

        public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
        {
            var subscription = new Subscription(this, stage, observer);
            lock (_subscriptions)
            {
                _subscriptions.Add(subscription);
            }

            return subscription;
        }

        public async Task StartAsync(CancellationToken cancellationToken)
        {
            foreach (var stage in Stages().OrderBy(g => g.Key))
            {
                cancellationToken.ThrowIfCancellationRequested();
                await Task.WhenAll(stage.Select(s => s.StartAsync(cancellationToken)));
                HighestCompletedStage = stage.Key;
            }
        }

        /// <summary>Stops every stage that was begun, even when one fails; then throws what failed first.</summary>
        public async Task StopAsync(CancellationToken cancellationToken)
        {
            Exception? failure = null;
            foreach (var stage in Stages().OrderByDescending(g => g.Key))
            {
                try
                {
                    await Task.WhenAll(stage.Where(s => s.Started).Select(s => s.StopAsync(cancellationToken)));
                }
                catch (Exception exception)
                {
                    failure ??= exception;
                }

                LowestStoppedStage = stage.Key;
            }

            if (failure is not null)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
            }
        }

        private List<IGrouping<int, Subscription>> Stages()
        {
            lock (_subscriptions)
            {
                return [.. _subscriptions.GroupBy(s => s.Stage)];
            }
        }

        private sealed class Subscription(SiloLifecycle lifecycle, int stage, ILifecycleObserver observer) : IDisposable
        {
            public int Stage { get; } = stage;

            public bool Started { get; private set; }

            public Task StartAsync(CancellationToken cancellationToken)
            {
                Started = true;
                return observer.OnStart(cancellationToken);
            }

            public Task StopAsync(CancellationToken cancellationToken)
            {
                Started = false;
                return observer.OnStop(cancellationToken);
            }

            public void Dispose()
            {
                lock (lifecycle._subscriptions)
                {
                    lifecycle._subscriptions.Remove(this);
                }
            }
        }
    }
}
