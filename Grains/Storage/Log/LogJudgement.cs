namespace Sluice.Storage.Log;

/// <summary>Puts the answer to a <see cref="LogRequest"/> together. Pure.</summary>
public static class LogJudgement
{
    /// <summary>What a source says of a follower's position.</summary>
    /// <param name="history">The source's history.</param>
    /// <param name="request">Who asks, and where it stands.</param>
    /// <param name="epoch">The source's epoch.</param>
    /// <param name="latest">Its newest sequence.</param>
    /// <param name="firstAvailable">The oldest sequence that its log still has; one more than <paramref name="latest"/> when it has none.</param>
    public static LogOffer Of(EpochHistory history, LogRequest request, long epoch, long latest, long firstAvailable)
    {
        var position = request.Position;
        var (verdict, common) = history.Judge(position, latest, firstAvailable);
        return new LogOffer
        {
            Verdict = verdict,
            Epoch = epoch,
            LatestSequence = latest,
            FirstSequence = firstAvailable,
            CommonSequence = common,
            Reason = verdict switch
            {
                LogVerdict.Continue => $"position {position} lies in the history, and the log goes on from there",
                LogVerdict.Truncated when position.Epoch == 0 => "the follower holds nothing of the shard yet",
                LogVerdict.Truncated => $"position {position} lies in the history, but the log reaches back to sequence {firstAvailable} only",
                _ when common > 0 => $"position {position} is not in the history: it has epoch {position.Epoch} up to sequence {common} only",
                _ => $"position {position} is not in the history: it does not have epoch {position.Epoch} there",
            },
        };
    }
}
