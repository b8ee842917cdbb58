using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Sluice.Storage.Log;

/// <summary>The beginning of one reign in a log.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="FirstSequence">The sequence of the epoch's own record, which is the first that its primary wrote.</param>
/// <param name="Node">The primary's node.</param>
/// <param name="BeganAt">By the primary's clock; for people.</param>
public sealed record Reign(long Epoch, long FirstSequence, string Node, DateTimeOffset BeganAt);

/// <summary>
/// Which epoch wrote which part of a database's log. Each primary begins its reign by writing an epoch record, which reaches replicas through the log as every other record does; so each
/// database holds its own history, and the history of a copy is the copy's. Immutable and pure.
/// <para>
/// Two logs that hold the same record of an epoch hold the same records up to it: an epoch has one primary ever, it wrote its records one after the other, and who took them on held
/// the ones before. Hence one pair of epoch and sequence is enough to compare two histories (<see cref="Judge"/>).
/// </para>
/// </summary>
public sealed class EpochHistory
{
    /// <summary>A database in which nobody has reigned yet.</summary>
    public static readonly EpochHistory Empty = new([]);

    private EpochHistory(ImmutableArray<Reign> reigns) => Reigns = reigns;

    /// <summary>The reigns, oldest first; epochs and sequences both rise.</summary>
    public ImmutableArray<Reign> Reigns { get; }

    /// <summary>The epoch of the newest record; 0: none.</summary>
    public long LastEpoch => Reigns.IsEmpty ? 0 : Reigns[^1].Epoch;

    /// <summary>The history with one more reign.</summary>
    /// <exception cref="InvalidDataException">It does not follow: its epoch or its sequence does not rise.</exception>
    public EpochHistory Append(Reign reign)
    {
        if (reign.Epoch <= LastEpoch || (!Reigns.IsEmpty && reign.FirstSequence <= Reigns[^1].FirstSequence))
        {
            throw new InvalidDataException($"An epoch record says that epoch {reign.Epoch} begins at sequence {reign.FirstSequence}, but epoch {LastEpoch} began at {(Reigns.IsEmpty ? 0 : Reigns[^1].FirstSequence)}: both must rise.");
        }

        return new EpochHistory(Reigns.Add(reign));
    }

    /// <summary>The epoch that wrote a sequence; 0 for what was there before the first reign.</summary>
    public long EpochAt(long sequence)
    {
        for (var i = Reigns.Length - 1; i >= 0; i--)
        {
            if (Reigns[i].FirstSequence <= sequence)
            {
                return Reigns[i].Epoch;
            }
        }

        return 0;
    }

    /// <summary>Whether a follower may go on with a log that has this history.</summary>
    /// <param name="follower">Where it stands.</param>
    /// <param name="latest">The newest sequence of this log.</param>
    /// <param name="firstAvailable">The oldest sequence that can still be read of it; one more than <paramref name="latest"/> when none can.</param>
    /// <returns>The verdict, and up to which sequence both are known to hold the same.</returns>
    public (LogVerdict Verdict, long CommonSequence) Judge(LogPosition follower, long latest, long firstAvailable)
    {
        if (follower.Epoch == 0)
        {
            // It holds nothing of the shard: it takes a copy, whose flow is planned as one, rather than the whole log.
            return (LogVerdict.Truncated, 0);
        }

        var index = IndexOf(follower.Epoch);
        if (index < 0 || follower.Sequence < Reigns[index].FirstSequence)
        {
            return (LogVerdict.Diverged, 0);
        }

        var end = index + 1 < Reigns.Length ? Reigns[index + 1].FirstSequence - 1 : latest;
        return follower.Sequence > end ? (LogVerdict.Diverged, end)
            : follower.Sequence + 1 < firstAvailable ? (LogVerdict.Truncated, follower.Sequence)
            : (LogVerdict.Continue, follower.Sequence);
    }

    /// <summary>The key of a reign's record in the <c>meta</c> column family: <c>epoch/</c> and the epoch as u64 big-endian, so that they stand there in order.</summary>
    public static byte[] KeyOf(long epoch)
    {
        var key = new byte[KeyPrefix.Length + sizeof(long)];
        KeyPrefix.CopyTo(key);
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(KeyPrefix.Length), epoch);
        return key;
    }

    /// <summary>What the keys of all reigns begin with.</summary>
    public static ReadOnlySpan<byte> KeyPrefix => "epoch/"u8;

    /// <summary>The value of a reign's record: first sequence (u64 big-endian), beginning (i64 big-endian, Unix milliseconds), node (UTF-8).</summary>
    public static byte[] Encode(Reign reign)
    {
        var node = Encoding.UTF8.GetBytes(reign.Node);
        var value = new byte[2 * sizeof(long) + node.Length];
        BinaryPrimitives.WriteInt64BigEndian(value, reign.FirstSequence);
        BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(sizeof(long)), reign.BeganAt.ToUnixTimeMilliseconds());
        node.CopyTo(value, 2 * sizeof(long));
        return value;
    }

    /// <summary>Reads a reign's record.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static Reign Decode(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (!key.StartsWith(KeyPrefix) || key.Length != KeyPrefix.Length + sizeof(long) || value.Length < 2 * sizeof(long))
        {
            throw new InvalidDataException($"A record of {key.Length} and {value.Length} bytes is no epoch record.");
        }

        var milliseconds = BinaryPrimitives.ReadInt64BigEndian(value[sizeof(long)..]);
        if (milliseconds < DateTimeOffset.MinValue.ToUnixTimeMilliseconds() || milliseconds > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
        {
            throw new InvalidDataException($"An epoch record says that its reign began {milliseconds} ms after 1970, which no clock shows.");
        }

        return new Reign(
            BinaryPrimitives.ReadInt64BigEndian(key[KeyPrefix.Length..]),
            BinaryPrimitives.ReadInt64BigEndian(value),
            Encoding.UTF8.GetString(value[(2 * sizeof(long))..]),
            DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));
    }

    private int IndexOf(long epoch)
    {
        for (var i = Reigns.Length - 1; i >= 0; i--)
        {
            if (Reigns[i].Epoch == epoch)
            {
                return i;
            }
        }

        return -1;
    }
}
