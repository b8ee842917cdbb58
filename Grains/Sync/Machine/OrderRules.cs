namespace Sluice.Sync;

/// <summary>What an order to follow a primary does to what is remembered. Pure.</summary>
internal static class OrderRules
{
    /// <summary>Whether an order is out of date: epochs only rise.</summary>
    public static bool IsStale(SyncRecord record, SyncOrder order) => order.Epoch < record.Epoch;

    /// <summary>What is remembered once the order is taken; null when all that it asks for is under way.</summary>
    public static SyncRecord? Take(SyncRecord record, SyncOrder order)
    {
        var known = record.Order;

        // The topology tells of a primary again and again, and knows nothing of where an operator wants the copy to come from.
        var isSame = known is not null && known.Source == order.Source && known.Epoch == order.Epoch && (order.CopyFrom is null || order.CopyFrom == known.CopyFrom);
        var isForced = order.Force && record.Copy == CopyReason.None;
        if (isSame && !isForced)
        {
            return null;
        }

        return record with
        {
            Order = order with { Force = false, CopyFrom = order.CopyFrom ?? (isSame ? known!.CopyFrom : null) },
            Epoch = order.Epoch,
            Copy = isForced ? CopyReason.Forced : record.Copy,

            // Of no epoch yet: the primary is asked first whether what is held is of its history, and kept aside if not.
            CopyEpoch = isForced ? 0 : record.CopyEpoch,
            State = SyncState.Pending,
        };
    }
}
