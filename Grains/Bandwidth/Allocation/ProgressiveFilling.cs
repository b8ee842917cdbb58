namespace Sluice.Bandwidth;

/// <summary>
/// The mechanism of <see cref="BandwidthAllocator"/>: raises rates clamp(level × weight, least, cap) until links are full or caps are reached.
/// What it holds between two fillings is only the shape of the problem, which flow crosses which link.
/// </summary>
internal sealed class ProgressiveFilling
{
    private readonly AllocationProblem problem;
    private readonly int[] firstMember;
    private readonly int[] members;
    private readonly int[] places;
    private readonly Link[] links;
    private readonly Flow[] flows;
    private readonly PriorityQueue<int, Level> next;
    private readonly List<int> full = [];

    public ProgressiveFilling(AllocationProblem problem)
    {
        this.problem = problem;
        links = new Link[problem.LinkCount];
        flows = new Flow[problem.FlowCount];
        next = new PriorityQueue<int, Level>(links.Length);
        firstMember = new int[problem.LinkCount + 1];
        Bottlenecks = new int[problem.FlowCount];
        for (var flow = 0; flow < flows.Length; flow++)
        {
            foreach (var link in problem.LinksOf(flow))
            {
                firstMember[link + 1]++;
            }
        }

        for (var link = 0; link < links.Length; link++)
        {
            firstMember[link + 1] += firstMember[link];
        }

        members = new int[problem.CrossingCount];
        places = new int[problem.CrossingCount];
    }

    /// <summary>What stopped each flow in the last filling: a link's number, or <see cref="Allocation.OwnCap"/>.</summary>
    public int[] Bottlenecks { get; }

    /// <summary>Whether no link would be more than full at these rates.</summary>
    public bool Fits(long[] rates)
    {
        var used = new long[links.Length];
        for (var flow = 0; flow < rates.Length; flow++)
        {
            foreach (var link in problem.LinksOf(flow))
            {
                used[link] += rates[flow];
                if (used[link] > problem.Capacity(link))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>Fills.</summary>
    /// <param name="weights">Each flow's weight; a flow of weight 0 stays at its least.</param>
    /// <param name="least">Where each flow begins; together they fit.</param>
    /// <param name="caps">Where each flow stops at the latest; not below its least.</param>
    /// <param name="rates">Takes the rates; may be <paramref name="least"/>.</param>
    public void Fill(long[] weights, long[] least, long[] caps, long[] rates)
    {
        Begin(weights, least, caps);
        var byCap = OrderByCap();
        var capped = 0;
        next.Clear();
        for (var link = 0; link < links.Length; link++)
        {
            Enter(link);
        }

        while (true)
        {
            while (capped < byCap.Length && flows[byCap[capped]].IsStopped)
            {
                capped++;
            }

            var level = capped < byCap.Length ? CapLevel(byCap[capped]) : Level.None;
            CollectFull(ref level);
            if (level.IsNone)
            {
                break;
            }

            // Before the links: a flow that has all it wants is not held by one.
            for (; capped < byCap.Length && (flows[byCap[capped]].IsStopped || CapLevel(byCap[capped]).CompareTo(level) <= 0); capped++)
            {
                Stop(byCap[capped], flows[byCap[capped]].Cap, Allocation.OwnCap);
            }

            foreach (var link in full)
            {
                for (var at = firstMember[link]; at < firstMember[link + 1]; at++)
                {
                    var flow = members[at];
                    Stop(flow, Math.Max(flows[flow].Least, level.Times(flows[flow].Weight)), link);
                }
            }
        }

        for (var flow = 0; flow < flows.Length; flow++)
        {
            // What no link and no cap has stopped crosses no link.
            rates[flow] = flows[flow].IsStopped ? flows[flow].Rate : flows[flow].Cap;
        }
    }

    private void Begin(long[] weights, long[] least, long[] caps)
    {
        for (var flow = 0; flow < flows.Length; flow++)
        {
            flows[flow] = new Flow { Weight = weights[flow], Least = least[flow], Cap = caps[flow], Rate = least[flow], IsStopped = weights[flow] == 0 || caps[flow] <= least[flow] };
            Bottlenecks[flow] = Allocation.OwnCap;
        }

        for (var link = 0; link < links.Length; link++)
        {
            links[link] = new Link { Left = problem.Capacity(link), End = firstMember[link], Rising = firstMember[link] };
        }

        // Each link's flows in the order of the level at which they leave their least.
        foreach (var flow in OrderByLevel(flow => flows[flow].Least))
        {
            var crossing = problem.FirstCrossing(flow);
            foreach (var link in problem.LinksOf(flow))
            {
                places[crossing++] = links[link].End;
                members[links[link].End++] = flow;
                links[link].Left -= flows[flow].Least;
            }
        }
    }

    private int[] OrderByCap() => OrderByLevel(flow => flows[flow].Cap, flow => !flows[flow].IsStopped && flows[flow].Cap < BandwidthAllocator.MaxRate);

    private int[] OrderByLevel(Func<int, long> rate, Func<int, bool>? wanted = null)
    {
        var order = new int[flows.Length];
        var keys = new double[flows.Length];
        var count = 0;
        var isSorted = true;
        for (var flow = 0; flow < flows.Length; flow++)
        {
            if (wanted is null || wanted(flow))
            {
                keys[count] = flows[flow].Weight == 0 ? 0 : (double)rate(flow) / flows[flow].Weight;
                isSorted &= count == 0 || keys[count - 1] <= keys[count];
                order[count++] = flow;
            }
        }

        if (!isSorted)
        {
            Array.Sort(keys, order, 0, count);
        }

        // Quotients that differ by less than a double can tell are put right by what they are quotients of.
        for (var i = 1; i < count; i++)
        {
            for (var j = i; j > 0 && keys[j] - keys[j - 1] <= keys[j] * 1e-14 && LevelOf(order[j]).CompareTo(LevelOf(order[j - 1])) < 0; j--)
            {
                (order[j], order[j - 1]) = (order[j - 1], order[j]);
                (keys[j], keys[j - 1]) = (keys[j - 1], keys[j]);
            }
        }

        return order[..count];

        Level LevelOf(int flow) => flows[flow].Weight == 0 ? new Level(0, 1) : new Level(rate(flow), flows[flow].Weight);
    }

    // All links that are full at the lowest level, if that is not above the given one, which becomes theirs.
    private void CollectFull(ref Level level)
    {
        full.Clear();
        while (next.TryPeek(out var link, out var key) && key.CompareTo(level) <= 0)
        {
            next.Dequeue();
            var now = FullAt(link);
            if (now.IsNone)
            {
                continue;
            }

            if (now.CompareTo(key) > 0)
            {
                next.Enqueue(link, now);
                continue;
            }

            if (now.CompareTo(level) < 0)
            {
                level = now;
            }

            full.Add(link);
        }
    }

    private void Enter(int link)
    {
        var level = FullAt(link);
        if (!level.IsNone)
        {
            next.Enqueue(link, level);
        }
    }

    // The level at which the link is full, as long as no other link stops a flow of it before.
    private Level FullAt(int number)
    {
        ref var link = ref links[number];
        while (link.Rising < link.End)
        {
            ref var flow = ref flows[members[link.Rising]];
            if (!flow.IsStopped)
            {
                if (link.Weight > 0 && new Level(flow.Least, flow.Weight).CompareTo(new Level(link.Left, link.Weight)) >= 0)
                {
                    break;
                }

                link.Left += flow.Least;
                link.Weight += flow.Weight;
            }

            link.Rising++;
        }

        return link.Weight == 0 ? Level.None : new Level(link.Left, link.Weight);
    }

    private Level CapLevel(int flow) => new(flows[flow].Cap, flows[flow].Weight);

    private void Stop(int number, long rate, int bottleneck)
    {
        ref var flow = ref flows[number];
        if (flow.IsStopped)
        {
            return;
        }

        var crossing = problem.FirstCrossing(number);
        foreach (var crossed in problem.LinksOf(number))
        {
            // A link counts its members up to its mark by their weights, those behind it by their least.
            ref var link = ref links[crossed];
            if (places[crossing++] < link.Rising)
            {
                link.Left -= rate;
                link.Weight -= flow.Weight;
            }
            else
            {
                link.Left -= rate - flow.Least;
            }
        }

        flow.Rate = rate;
        flow.IsStopped = true;
        Bottlenecks[number] = bottleneck;
    }

    private struct Flow
    {
        public long Weight;
        public long Least;
        public long Cap;
        public long Rate;
        public bool IsStopped;
    }

    private struct Link
    {
        // Capacity less the flows that have stopped or stand at their least.
        public long Left;

        // Of the flows that rise.
        public long Weight;

        // Members before it rise or have stopped.
        public int Rising;
        public int End;
    }
}
