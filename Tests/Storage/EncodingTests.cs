using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Sluice.Storage;
using Sluice.Storage.Log;

namespace Sluice.Tests.Storage;

/// <summary>What is persisted is frozen: these bytes may be added to, never changed.</summary>
public sealed class EncodingTests
{
    [Theory]
    [InlineData("", "0000" + "00000000")]
    [InlineData("a", "3c87" + "c1d04330" + "61")]
    [InlineData("user:1", "2a1a" + "5164fc68" + "757365723a31")]
    [InlineData("{tag}x", "2092" + "7cc1ceab" + "7b7461677d78")]
    public void A_data_key_is_slot_then_checksum_then_key(string key, string golden)
    {
        var bytes = new byte[64];
        var length = DataKey.Write(bytes, Encoding.UTF8.GetBytes(key));
        Assert.Equal(golden, Convert.ToHexStringLower(bytes.AsSpan(0, length)));
    }

    [Theory]
    [InlineData(StoredType.String, 0L, "abc", "41616263")]
    [InlineData(StoredType.String, 1767225600123L, "abc", "610000019b76daa87b616263")]
    [InlineData(StoredType.String, 0L, "", "41")]
    [InlineData(StoredType.List, 0L, "m", "426d")]
    [InlineData(StoredType.Hash, 0L, "m", "436d")]
    [InlineData(StoredType.Set, 0L, "m", "446d")]
    [InlineData(StoredType.SortedSet, 0L, "m", "456d")]
    [InlineData(StoredType.Stream, 1L, "m", "6600000000000000016d")]
    internal void A_stored_value_is_header_then_expiry_then_payload(StoredType type, long expiry, string payload, string golden)
    {
        var bytes = new byte[64];
        var length = StoredValue.WriteHeader(bytes, type, expiry);
        Assert.Equal(StoredValue.HeaderLength(expiry), length);
        Encoding.UTF8.GetBytes(payload).CopyTo(bytes, length);
        Assert.Equal(golden, Convert.ToHexStringLower(bytes.AsSpan(0, length + payload.Length)));
        var value = StoredValue.Decode(Convert.FromHexString(golden));
        Assert.Equal((type, expiry, payload), (value.Type, value.Expiry, Encoding.UTF8.GetString(value.Payload)));
    }

    [Fact]
    public void An_entry_of_the_expiry_index_is_the_time_then_the_data_key()
    {
        var entry = new byte[16];
        var length = ExpiryKey.Write(entry, 1767225600123L, [1, 2, 3]);
        Assert.Equal("0000019b76daa87b010203", Convert.ToHexStringLower(entry.AsSpan(0, length)));
        Assert.Equal(1767225600123L, ExpiryKey.Expiry(entry));
    }

    [Theory]
    [InlineData("")]
    [InlineData("01")]
    [InlineData("81616263")]
    [InlineData("c1616263")]
    [InlineData("61000001")]
    public void A_stored_value_of_another_version_or_a_damaged_one_is_refused(string stored) =>
        Assert.Throws<StorageFormatException>(() => StoredValue.Decode(Convert.FromHexString(stored)).Expiry);

    [Fact]
    public void Every_key_lies_before_the_end_of_the_range_that_flushing_deletes() => Check.QuickThrowOnFailure(Prop.ForAll(
        ArbMap.Default.ArbFor<byte[]>(),
        key =>
        {
            var bytes = new byte[DataKey.PrefixLength + key.Length];
            DataKey.Write(bytes, key);
            var entry = new byte[ExpiryKey.PrefixLength + bytes.Length];
            ExpiryKey.Write(entry, long.MaxValue, bytes);
            return bytes.AsSpan().SequenceCompareTo(DataKey.End) < 0
                && entry.AsSpan().SequenceCompareTo(ExpiryKey.End) < 0
                && DataKey.Position(bytes) < DataKey.PositionCount
                && DataKey.UserKey(bytes).SequenceEqual(key)
                && DataKey.Position(bytes) >> 32 == (ulong)HashSlot.Of(key);
        }));

    [Fact]
    public void Checksums_are_those_of_rfc_3720()
    {
        // Appendix B.4: 32 bytes of zeros, of ones, rising; and the usual check value.
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Compute(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.Equal(0x46DD794Eu, Crc32C.Compute(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()));
        Assert.Equal(0xE3069283u, Crc32C.Compute("123456789"u8));
    }

    [Fact]
    public void A_checksum_can_be_continued_at_any_place() => Check.QuickThrowOnFailure(Prop.ForAll(
        ArbMap.Default.ArbFor<byte[]>(),
        ArbMap.Default.ArbFor<NonNegativeInt>(),
        (content, at) =>
        {
            var cut = at.Get % (content.Length + 1);
            return Crc32C.Append(Crc32C.Compute(content.AsSpan(0, cut)), content.AsSpan(cut)) == Crc32C.Compute(content);
        }));

    [Theory]
    [InlineData("", "too short")]
    [InlineData("000000000000000001000000", "holds 0")]
    [InlineData("0100000000000000010000000203616263", "kind 0x02")]
    [InlineData("010000000000000001000000050301610162", "column family 3")]
    [InlineData("0100000000000000010000000105616263", "ends within an operation")]
    [InlineData("01000000000000000100000001ffffffffff", "number")]
    [InlineData("01000000000000000100000001", "number")]
    public void A_malformed_write_batch_is_refused(string hex, string reason) =>
        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => WriteBatchEncoding.Check(Convert.FromHexString(hex))).Message, StringComparison.Ordinal);

    [Fact]
    public void No_bytes_make_the_reading_of_a_write_batch_fail_in_another_way() => Check.QuickThrowOnFailure(Prop.ForAll(
        ArbMap.Default.ArbFor<byte[]>(),
        content =>
        {
            try
            {
                WriteBatchEncoding.Check([1, 0, 0, 0, 0, 0, 0, 0, (byte)(content.Length % 4), 0, 0, 0, .. content]);
                return true;
            }
            catch (InvalidDataException)
            {
                return true;
            }
        }));
}
