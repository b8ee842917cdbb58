using Orleans.Runtime;

namespace Orleans
{
    /// <summary>Takes part in a lifecycle at one stage.</summary>
    public interface ILifecycleObserver
    {
        Task OnStart(CancellationToken cancellationToken = default);
        Task OnStop(CancellationToken cancellationToken = default);
    }

    /// <summary>A lifecycle that can be taken part in.</summary>
    public interface ILifecycleObservable
    {
        IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer);
    }

    /// <summary>A service that takes part in a lifecycle; registered under this type.</summary>
    public interface ILifecycleParticipant<TLifecycleObservable>
        where TLifecycleObservable : ILifecycleObservable
    {
        void Participate(TLifecycleObservable lifecycle);
    }

    /// <summary>The stages of a silo's life, in the order of starting.</summary>
    public static class ServiceLifecycleStage
    {
        public const int First = int.MinValue;
        public const int RuntimeInitialize = 2_000;
        public const int RuntimeServices = 4_000;
        public const int RuntimeStorageServices = 6_000;
        public const int RuntimeGrainServices = 8_000;
        public const int AfterRuntimeGrainServices = 8_100;
        public const int ApplicationServices = 10_000;
        public const int BecomeActive = Active - 1;
        public const int Active = 20_000;
        public const int Last = int.MaxValue;
    }

    /// <summary>Short ways to take part.</summary>
    public static class LifecycleExtensions
    {
        public static IDisposable Subscribe(this ILifecycleObservable observable, string observerName, int stage, Func<CancellationToken, Task> onStart, Func<CancellationToken, Task>? onStop) =>
            observable.Subscribe(observerName, stage, new Observer(onStart, onStop));

        public static IDisposable Subscribe(this ILifecycleObservable observable, string observerName, int stage, Func<CancellationToken, Task> onStart) =>
            observable.Subscribe(observerName, stage, new Observer(onStart, null));

        public static IDisposable Subscribe(this ILifecycleObservable observable, int stage, ILifecycleObserver observer) =>
            observable.Subscribe(observer.GetType().FullName!, stage, observer);

        public static IDisposable Subscribe<TObserver>(this ILifecycleObservable observable, int stage, Func<CancellationToken, Task> onStart, Func<CancellationToken, Task> onStop) =>
            observable.Subscribe(typeof(TObserver).FullName!, stage, onStart, onStop);

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
        int HighestCompletedStage { get; }
        int LowestStoppedStage { get; }
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
