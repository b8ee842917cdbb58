using Sluice.Bandwidth;

namespace Sluice.Tests.Bandwidth.Links;

public sealed class LinkAttributionTests
{
    [Fact]
    public void Flows_from_one_sender_that_are_all_limited_speak_of_its_egress()
    {
        var verdicts = LinkAttribution.Attribute([Flow("a", "b", FlowVerdict.Limited), Flow("a", "c", FlowVerdict.Limited), Flow("d", "c", FlowVerdict.Silent)]);

        Assert.Equal(new LinkVerdict(LinkEvidence.Limited), verdicts[Egress("a")]);
        Assert.Equal(LinkEvidence.None, verdicts[Ingress("b")].Evidence);
        Assert.Equal(LinkEvidence.None, verdicts[Ingress("c")].Evidence);
    }

    [Fact]
    public void Flows_to_one_receiver_that_are_all_limited_speak_of_its_ingress()
    {
        var verdicts = LinkAttribution.Attribute([Flow("a", "c", FlowVerdict.Limited), Flow("b", "c", FlowVerdict.Limited)]);

        Assert.Equal(new LinkVerdict(LinkEvidence.Limited), verdicts[Ingress("c")]);
        Assert.Equal(LinkEvidence.None, verdicts[Egress("a")].Evidence);
        Assert.Equal(LinkEvidence.None, verdicts[Egress("b")].Evidence);
    }

    [Fact]
    public void One_flow_that_finds_no_queue_proves_a_link_innocent()
    {
        var verdicts = LinkAttribution.Attribute([Flow("a", "b", FlowVerdict.Limited), Flow("a", "c", FlowVerdict.HeldByShare), Flow("a", "d", FlowVerdict.Free)]);

        Assert.Equal(LinkEvidence.Held, verdicts[Egress("a")].Evidence);
        Assert.Equal(new LinkVerdict(LinkEvidence.Limited), verdicts[Ingress("b")]);
        Assert.Equal(LinkEvidence.Open, verdicts[Ingress("d")].Evidence);
    }

    [Fact]
    public void Between_two_nodes_alone_the_two_links_cannot_be_told_apart()
    {
        var verdicts = LinkAttribution.Attribute([Flow("a", "b", FlowVerdict.Limited), Flow("a", "b", FlowVerdict.Limited)]);

        Assert.Equal(new LinkVerdict(LinkEvidence.Limited, Ingress("b")), verdicts[Egress("a")]);
        Assert.Equal(new LinkVerdict(LinkEvidence.Limited, Egress("a")), verdicts[Ingress("b")]);
    }

    [Fact]
    public void A_flow_whose_links_are_both_innocent_is_held_in_between()
    {
        var verdicts = LinkAttribution.Attribute([Flow("a", "b", FlowVerdict.Limited), Flow("a", "c", FlowVerdict.Free), Flow("d", "b", FlowVerdict.Free)]);

        Assert.DoesNotContain(verdicts.Values, verdict => verdict.Evidence == LinkEvidence.Limited);
    }

    [Fact]
    public void A_link_that_carries_all_that_it_has_explains_its_flows_before_any_other()
    {
        var verdicts = LinkAttribution.Attribute([Flow("a", "b", FlowVerdict.Limited), Flow("a", "b", FlowVerdict.Limited), Flow("a", "c", FlowVerdict.Limited)], link => link == Ingress("b"));

        Assert.Equal(new LinkVerdict(LinkEvidence.Limited), verdicts[Ingress("b")]);
        Assert.Equal(new LinkVerdict(LinkEvidence.Limited, Ingress("c")), verdicts[Egress("a")]);

        verdicts = LinkAttribution.Attribute([Flow("a", "b", FlowVerdict.Limited)], link => link == Ingress("b"));
        Assert.Equal(LinkEvidence.None, verdicts[Egress("a")].Evidence);
    }

    [Fact]
    public void A_flow_whose_interfaces_are_not_known_blames_nobody()
    {
        Assert.Empty(LinkAttribution.Attribute([new FlowOnLinks(null, null, FlowVerdict.Limited)]));
        Assert.Equal(new LinkVerdict(LinkEvidence.Limited), Assert.Single(LinkAttribution.Attribute([new FlowOnLinks(Egress("a"), null, FlowVerdict.Limited)])).Value);
    }

    [Fact]
    public void In_random_clusters_the_one_bottleneck_is_found_and_no_innocent_link_is_blamed()
    {
        for (var seed = 0; seed < 2_000; seed++)
        {
            var random = new Random(seed);
            var nodes = Enumerable.Range(0, random.Next(2, 8)).Select(n => $"n{n}").ToArray();
            var ways = Enumerable.Range(0, random.Next(1, 30)).Select(_ => (From: random.Next(nodes.Length), By: random.Next(1, nodes.Length)))
                .Select(way => Flow(nodes[way.From], nodes[(way.From + way.By) % nodes.Length], FlowVerdict.Silent)).ToList();
            var bottleneck = random.Next(2) == 0 ? ways[0].Egress!.Value : ways[0].Ingress!.Value;
            var flows = ways.Select(way => way with
            {
                Verdict = way.Egress == bottleneck || way.Ingress == bottleneck ? FlowVerdict.Limited : (FlowVerdict)random.Next(1, 3),
            }).ToList();

            var blamed = LinkAttribution.Attribute(flows).Where(entry => entry.Value.Evidence == LinkEvidence.Limited).ToDictionary();

            Assert.True(blamed.TryGetValue(bottleneck, out var verdict), $"seed {seed}: {bottleneck} was not found");
            Assert.True(blamed.Keys.All(key => key == bottleneck || key == verdict.SharedWith), $"seed {seed}: {string.Join(", ", blamed.Keys)} instead of {bottleneck}");
        }
    }

    private static FlowOnLinks Flow(string from, string to, FlowVerdict verdict) => new(Egress(from), Ingress(to), verdict);

    private static LinkKey Egress(string node) => new(node, "eth0", LinkDirection.Egress);

    private static LinkKey Ingress(string node) => new(node, "eth0", LinkDirection.Ingress);
}
