using System.Globalization;
using System.Text;
using Sluice.Resp;
using Sluice.Sync;

namespace Sluice.Tests.Sync;

/// <summary>
/// Plays a scenario of one <see cref="SyncMachine"/> that is written as text: each block is an input, a line of four dashes, and the actions that are expected. Names such as L1 or S1 stand for leases and snapshots. An outcome answers
/// the newest request of its kind; after <c>late</c> the one before that; with <c>spool</c> the spool's line. <c>wake</c> lets time pass until the machine has asked for, <c>time</c> that many seconds.
/// </summary>
internal sealed class SyncTranscript
{
    private SyncMachine machine = new(new Random(1));
    private readonly Dictionary<Guid, string> names = [];
    private readonly List<SyncOperation> requests = [];
    private string pending = "";
    private TimeSpan now;
    private TimeSpan? wake;

    /// <summary>Plays a transcript; the result is the transcript with the actions as they came.</summary>
    public static string Play(string text)
    {
        var transcript = new SyncTranscript();
        var result = new StringBuilder();
        var isExpectation = false;
        foreach (var line in text.Replace("\r", "", StringComparison.Ordinal).TrimEnd('\n').Split('\n'))
        {
            if (isExpectation && line.Length > 0)
            {
                continue;
            }

            isExpectation = line == "----";
            result.Append(line).Append('\n');
            if (line.Length > 0 && line[0] != '#' && !isExpectation)
            {
                transcript.pending = line;
            }
            else if (isExpectation)
            {
                result.Append(transcript.Play());
            }
        }

        return result.ToString();
    }

    private string Play()
    {
        var input = Input(Split(pending));
        var step = machine.Step(input, now);
        var result = new StringBuilder();
        foreach (var action in step)
        {
            if (action is SyncOperation request)
            {
                requests.Add(request);
            }
            else if (action is Wait wait)
            {
                wake = wait.Until;
            }

            result.Append(Text(action)).Append('\n');
        }

        return step.Count == 0 ? "nothing\n" : result.ToString();
    }

    private SyncInput Input(List<string> words)
    {
        var late = words[0] == "late";
        if (late)
        {
            words.RemoveAt(0);
        }

        string Word(int index) => words[index];
        int Of<T>() where T : SyncOperation => Attempt(typeof(T), words.Contains("spool"), late);
        switch (words[0])
        {
            case "wake":
                now = wake ?? throw new FormatException("Nothing is waited for.");
                return new TimePassed();
            case "time":
                now += TimeSpan.FromSeconds(double.Parse(Word(1), CultureInfo.InvariantCulture));
                return new TimePassed();
            case "recovered":
                // The process has ended, and with it all that was under way.
                machine = new SyncMachine(new Random(1));
                requests.Clear();
                wake = null;
                return new Recovered(Record(words));
            case "order":
                return new Ordered(new SyncOrder(Word(1), Number(Word(2)), QosClass.Normal, words.Contains("force")) { CopyFrom = Value(words, "from") });
            case "stop":
                return new StopOrdered();
            case "surveyed":
                return new Surveyed(Of<Survey>(), Facts(words));
            case "judged":
                return new Judged(Of<AskVerdict>(), Enum.Parse<LogVerdict>(Word(1)), Number(Value(words, "epoch")!), "the log begins at 900");
            case "admitted":
                return new Admitted(Of<AskAdmission>());
            case "queued":
                return new Queued(Of<AskAdmission>(), Word(1), TimeSpan.FromSeconds(1));
            case "opened":
                return new Opened(Of<OpenSnapshot>(), Id(Word(1)), Position(Word(2)));
            case "not-yet":
                return new NotYet(Of<OpenSnapshot>(), words.Count > 1 ? Word(1) : "");
            case "listed":
                return new Listed(Of<FetchManifest>());
            case "prepared":
                return new Prepared(Of<PrepareStaging>(), Staged(words)!);
            case "chosen":
                return new Chosen(Of<ChooseFiles>(), Word(1) == "yes");
            case "staged":
                return new Staged(Of<Stage>());
            case "staging-ended":
                return new StagingEnded(Of<Stage>(), Enum.Parse<SyncFailure>(Word(1)), Word(2), words.Contains("advanced"));
            case "spool-ended":
                return new SpoolEnded(Of<Spool>(), Enum.Parse<SyncFailure>(Word(1)), Word(2), Position(Word(3)));
            default:
                return Outcome(words, late);
        }
    }

    private SyncInput Outcome(List<string> words, bool late)
    {
        string Word(int index) => words[index];
        int Of<T>() where T : SyncOperation => Attempt(typeof(T), ofSpool: false, late);
        switch (words[0])
        {
            case "verified":
                return new Verified(Of<Verify>());
            case "installed":
                return new Installed(Of<Install>(), Position(Word(1)));
            case "applied":
                return new SpoolApplied(Of<ApplySpool>(), Position(Word(1)));
            case "followed":
                return new Followed(Of<Follow>(), Number(Word(1)));
            case "follow-ended":
                return new FollowEnded(Of<Follow>(), Enum.Parse<SyncFailure>(Word(1)), Word(2), words.Contains("advanced"));
            case "failed":
                return new Failed(requests[^(late ? 2 : 1)].Attempt, Enum.Parse<SyncFailure>(Word(1)), Word(2));
            case "failed-spool":
                return new Failed(requests.FindLast(request => request.IsOfSpool)!.Attempt, Enum.Parse<SyncFailure>(Word(1)), Word(2));
            default:
                throw new FormatException($"There is no input '{words[0]}'.");
        }
    }

    private static List<string> Split(string line)
    {
        var words = new List<byte[]>();
        return QuotedWords.TrySplit(Encoding.UTF8.GetBytes(line), words) ? words.ConvertAll(Encoding.UTF8.GetString) : throw new FormatException(line);
    }

    private int Attempt(Type kind, bool ofSpool, bool late) =>
        requests.Where(request => request.GetType() == kind && (request.IsOfSpool == ofSpool || kind == typeof(Spool))).Reverse().ElementAt(late ? 1 : 0).Attempt;

    private SyncRecord Record(List<string> words) => new()
    {
        Order = Value(words, "order") is { } order ? new SyncOrder(order, Number(Value(words, "epoch")!), QosClass.Normal, Force: false) { CopyFrom = Value(words, "from") } : null,
        Epoch = Number(Value(words, "epoch") ?? "0"),
        Copy = Enum.Parse<CopyReason>(Value(words, "copy") ?? "None"),
        CopyEpoch = Number(Value(words, "copy-epoch") ?? "0"),
        Installing = Value(words, "installing")?.Split('/') is [var source, var lease, var snapshot] ? new BegunInstallation(Id(snapshot), source, Id(lease)) : null,
        LiveEpoch = Number(Value(words, "live-epoch") ?? "0"),
    };

    private SyncFacts Facts(List<string> words) => new(
        Position(Value(words, "live") ?? "0:0"),
        Value(words, "installed") is { } snapshot ? Id(snapshot) : Guid.Empty,
        Staged(words),
        Value(words, "spool")?.Split('-') is [var first, var end] ? new SpoolFacts(Number(first), Position(end)) : null);

    // staged=A/L1/S1/5:100
    private StagedFacts? Staged(List<string> words) =>
        Value(words, "staged")?.Split('/') is [var source, var lease, var snapshot, var position]
            ? new StagedFacts(source, Id(lease), Id(snapshot), Position(position), words.Contains("whole"))
            : null;

    private static string? Value(List<string> words, string name) =>
        words.Find(word => word.StartsWith($"{name}=", StringComparison.Ordinal))?[(name.Length + 1)..];

    private Guid Id(string name)
    {
        var id = new Guid([.. Encoding.ASCII.GetBytes(name.PadRight(16))]);
        names[id] = name;
        return id;
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static LogPosition Position(string text) => text.Split(':') is [var epoch, var sequence] ? new LogPosition(Number(epoch), Number(sequence)) : throw new FormatException(text);

    private string Text(SyncAction action) => action switch
    {
        Persist persist => $"persist {Text(persist.Record)}",
        Tell tell => $"tell {tell.State}, attempt {tell.Attempt}: {tell.Detail}{(tell.Error.Length > 0 ? $" [{tell.Error}]" : "")}",
        Wait { Until: { } until } => string.Create(CultureInfo.InvariantCulture, $"wait {(until - now).TotalSeconds:0.000}"),
        Wait => "wait for nothing",
        Refuse refuse => $"refuse {refuse.Reason}",
        ReleaseLease release => $"release {names[release.Lease]} at {release.Source}",
        SyncOperation request => $"{Text(request)}{(request.IsOfSpool ? " (spool)" : "")}",
        _ => Words(action.GetType().Name),
    };

    private string Text(SyncOperation request) => request switch
    {
        AskVerdict ask => $"ask {ask.Source} about {ask.Position}",
        AskAdmission ask => $"ask for admission of a copy from {ask.Source}",
        OpenSnapshot open => $"open a snapshot at {open.Source}",
        FetchManifest fetch => $"fetch the manifest of {names[fetch.Lease]} from {fetch.Source}",
        PrepareStaging prepare => $"prepare staging of {names[prepare.Lease]} from {prepare.Source}",
        ChooseFiles choose => $"choose files of {names[choose.Lease]} at {choose.Source}",
        Stage stage => $"stage {names[stage.Lease]} from {stage.Source}",
        Spool spool => $"spool from {spool.Source} after {spool.After}",
        Install install => install.KeepOld ? "install, keep the old data" : "install",
        Follow follow => $"follow {follow.Source} after {follow.After}",
        _ => Words(request.GetType().Name),
    };

    private string Text(SyncRecord record)
    {
        var text = new StringBuilder(record.Order is { } order ? $"order={order.Source}@{order.Epoch}{(order.CopyFrom is { } from ? $" from={from}" : "")}" : "no order");
        text.Append(CultureInfo.InvariantCulture, $" epoch={record.Epoch} copy={record.Copy}@{record.CopyEpoch} live-epoch={record.LiveEpoch} {record.State}");
        if (record.Installing is { } begun)
        {
            text.Append(CultureInfo.InvariantCulture, $" installing {names[begun.Snapshot]} ({names[begun.Lease]} at {begun.Source})");
        }

        return text.Append(record.WhyNotPromotable() is { Length: > 0 } why ? $"; not promotable: {why}" : "; promotable").ToString();
    }

    // StopStaging becomes "stop staging".
    private static string Words(string name) => string.Concat(name.Select((letter, index) => index > 0 && char.IsUpper(letter) ? $" {char.ToLowerInvariant(letter)}" : $"{char.ToLowerInvariant(letter)}"));
}
