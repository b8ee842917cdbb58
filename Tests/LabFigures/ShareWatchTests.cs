using System.Globalization;
using Sluice.Lab.Measuring;

namespace Sluice.Tests.LabFigures;

/// <summary>How far flows are from what their weights promise.</summary>
public sealed class ShareWatchTests
{
    private const long Second = 1_000_000_000;
    private static readonly (string, int)[] Classes = [("urgent", 16), ("normal", 4)];

    [Fact]
    public void Flows_that_share_by_weight_are_not_off()
    {
        var watch = Watch(urgentRate: 1600, normalRate: 400);

        Assert.All(watch.Deviations, part => Assert.Equal(0, part.PerCent, 6));
        Assert.Equal(["normal", "urgent"], watch.Deviations.Select(part => part.Class));
        Assert.Equal(2, watch.MostAdmitted);
    }

    [Fact]
    public void A_flow_that_takes_another_ones_share_is_off()
    {
        var watch = Watch(urgentRate: 1000, normalRate: 1000);

        Assert.Equal(150, watch.Deviations.First(part => part.Class == "normal").PerCent, 6);
    }

    [Fact]
    public void A_change_of_the_flows_begins_a_new_stretch()
    {
        var watch = new ShareWatch();
        for (var second = 0; second < 10; second++)
        {
            watch.Look(second * Second, Info((second % 2 == 0 ? "0@b" : "1@b", "urgent", second * 100), ("2@b", "normal", second * 100)), Classes);
        }

        Assert.Empty(watch.Deviations);
    }

    private static ShareWatch Watch(int urgentRate, int normalRate)
    {
        var watch = new ShareWatch();
        for (var second = 0; second < 6; second++)
        {
            watch.Look(second * Second, Info(("0@b", "urgent", second * urgentRate), ("1@b", "normal", second * normalRate)), Classes);
        }

        watch.Look(6 * Second, Info(("1@b", "normal", 6 * normalRate)), Classes);
        return watch;
    }

    private static Dictionary<string, string> Info(params (string Replica, string Class, int Sent)[] flows) => flows
        .Select((flow, n) => (Name: string.Create(CultureInfo.InvariantCulture, $"flow{n}"), Text: string.Create(CultureInfo.InvariantCulture, $"id=snapshot a -> {flow.Replica},class={flow.Class},sent={flow.Sent},rate=1")))
        .Append(("syncs_admitted", flows.Length.ToString(CultureInfo.InvariantCulture))).ToDictionary(field => field.Item1, field => field.Item2);
}
