using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Sluice.Cli.Rendering;

namespace Sluice.Cli.Commands;

/// <summary>Options whose values are checked while the command line is read, before anything is connected to.</summary>
internal static class TypedOptions
{
    /// <summary>A time: <c>500ms</c>, <c>10s</c>.</summary>
    public static Option<TimeSpan?> Time(string name, string description) =>
        Of<TimeSpan?>(name, "TIME", description, text => Quantity.ParseTime(name, text));

    /// <summary>A moment to come: <c>18:30</c>, <c>2026-11-24T06:00</c>, or Unix seconds.</summary>
    public static Option<DateTimeOffset?> Moment(string name, string description, TimeProvider time) =>
        Of<DateTimeOffset?>(name, "TIME", description, text => Quantity.ParseMoment(name, text, time));

    /// <summary>A replica: <c>3@B</c>.</summary>
    public static ReplicaKey Replica(ArgumentResult result, string text)
    {
        try
        {
            return ReplicaKey.Parse(text);
        }
        catch (FormatException error)
        {
            result.AddError(error.Message);
            return default;
        }
    }

    /// <summary>A size: <c>20mb</c>.</summary>
    public static Option<long?> Bytes(string name, string description) =>
        Of<long?>(name, "SIZE", description, text => Quantity.ParseBytes(name, text));

    /// <summary>A whole number within bounds.</summary>
    public static Option<int?> Number(string name, string description, int least, int most) => Of<int?>(name, "N", description, text =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{name} '{text}' is out of range: write a whole number from {least} to {most}.")));

    /// <summary>The part of links that is left free: <c>20</c>, <c>auto</c>.</summary>
    public static Option<int?> Headroom(string name) => Of<int?>(name, "PERCENT", "The part of a link's known capacity that copies leave free, in per cent, 0 to 90; auto: 10, but nothing of a capacity that is only estimated", text =>
        text.Equals("auto", StringComparison.OrdinalIgnoreCase) ? NodeBandwidthReport.AutoHeadroom
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 90 ? number
            : throw new UsageException($"{name} '{text}' is out of range: write a whole number from 0 to 90, or auto."));

    /// <summary>Shards: <c>0,3,8-11</c>.</summary>
    public static Option<int[]?> Shards() => Of<int[]?>("--shards", "LIST", "Only these shards, for example 0,3,8-11", ShardList.Parse);

    /// <summary>Refuses a command line that gives both options.</summary>
    public static void Exclude(this Command command, Option one, Option other) => command.Validators.Add(result =>
    {
        if (result.GetResult(one) is { Implicit: false } && result.GetResult(other) is { Implicit: false })
        {
            result.AddError($"{one.Name} and {other.Name} exclude each other: give one of them.");
        }
    });

    private static Option<T?> Of<T>(string name, string valueName, string description, Func<string, T> parse) => new(name)
    {
        HelpName = valueName,
        Description = description,
        CustomParser = result => Parse(result, parse),
    };

    private static T? Parse<T>(ArgumentResult result, Func<string, T> parse)
    {
        try
        {
            return parse(result.Tokens[0].Value);
        }
        catch (UsageException error)
        {
            result.AddError(error.Message);
            return default;
        }
    }
}
