using System.Globalization;
using System.Numerics;

namespace Sluice.Storage.Commands;

/// <summary>
/// A number of the x87 <c>long double</c> format: 64 bits of mantissa, 15 of exponent. INCRBYFLOAT of Redis on x86-64 computes in it and prints with
/// <c>%.17Lf</c>; 10.5 + 0.1 is then 10.6 and not 10.59999999999999964. Exact integers and one rounding to nearest even a step give the same digits here.
/// </summary>
internal readonly struct ExtendedFloat
{
    private const int MantissaBits = 64;

    /// <summary>The exponent of the lowest bit of the smallest number: 2^-16445.</summary>
    private const int MinExponent = -16445;

    /// <summary>Numbers of this many bits before the point, or more, overflow.</summary>
    private const int MaxBits = 16384;

    /// <summary>The buffer in which Redis reads a number holds so many bytes, one of them the end's; a longer text is no number.</summary>
    private const int MaxText = 5 * 1024;

    private readonly BigInteger mantissa;
    private readonly int exponent;

    private ExtendedFloat(BigInteger mantissa, int exponent, bool infinite)
    {
        this.mantissa = mantissa;
        this.exponent = exponent;
        IsInfinite = infinite;
    }

    /// <summary>Whether it is an infinity; <see cref="mantissa"/> has its sign.</summary>
    public bool IsInfinite { get; }

    /// <summary>Whether two infinities of different sign were added.</summary>
    public bool IsNaN { get; private init; }

    /// <summary>Reads a decimal number or an infinity. False for anything else, for NaN, and for what overflows or vanishes.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ExtendedFloat value)
    {
        value = default;
        if (text.IsEmpty || text.Length >= MaxText)
        {
            return false;
        }

        var negative = text[0] == (byte)'-';
        var rest = text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        if (Is(rest, "inf") || Is(rest, "infinity"))
        {
            value = new ExtendedFloat(negative ? -1 : 1, 0, infinite: true);
            return true;
        }

        if (!TryReadDecimal(rest, out var digits, out var decimalExponent))
        {
            return false;
        }

        if (digits.IsZero)
        {
            value = new ExtendedFloat(0, 0, infinite: false);
            return true;
        }

        // Beyond these, whatever the digits (fewer than 5,120 of them), the number overflows or vanishes; and the powers below stay affordable.
        if (decimalExponent is > 5000 or < -11000)
        {
            return false;
        }

        value = decimalExponent >= 0
            ? Round(digits * BigInteger.Pow(10, decimalExponent), BigInteger.One, negative)
            : Round(digits, BigInteger.Pow(10, -decimalExponent), negative);
        return !value.IsInfinite && !value.mantissa.IsZero;
    }

    /// <summary>The sum, rounded to the format.</summary>
    public static ExtendedFloat Add(ExtendedFloat left, ExtendedFloat right)
    {
        if (left.IsInfinite || right.IsInfinite)
        {
            var opposite = left.IsInfinite && right.IsInfinite && left.mantissa.Sign != right.mantissa.Sign;
            return opposite ? new ExtendedFloat(0, 0, infinite: false) { IsNaN = true } : left.IsInfinite ? left : right;
        }

        var low = Math.Min(left.exponent, right.exponent);
        var sum = (left.mantissa << (left.exponent - low)) + (right.mantissa << (right.exponent - low));
        return low >= 0
            ? Round(BigInteger.Abs(sum) << low, BigInteger.One, sum.Sign < 0)
            : Round(BigInteger.Abs(sum), BigInteger.One << -low, sum.Sign < 0);
    }

    /// <summary><c>%.17Lf</c> without trailing zeros, as Redis stores and replies it.</summary>
    public override string ToString()
    {
        var magnitude = BigInteger.Abs(mantissa) * BigInteger.Pow(10, 17);
        var scaled = exponent >= 0 ? magnitude << exponent : DivideToEven(magnitude, BigInteger.One << -exponent);
        var digits = scaled.ToString(CultureInfo.InvariantCulture).PadLeft(18, '0');
        var text = $"{digits[..^17]}.{digits[^17..]}".TrimEnd('0').TrimEnd('.');
        return mantissa.Sign < 0 && text != "0" ? "-" + text : text;
    }

    private static bool Is(ReadOnlySpan<byte> text, string word)
    {
        if (text.Length != word.Length)
        {
            return false;
        }

        for (var i = 0; i < word.Length; i++)
        {
            if ((text[i] | 0x20) != word[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads <c>digits[.digits][e[+-]digits]</c> as an integer and a power of ten.</summary>
    private static bool TryReadDecimal(ReadOnlySpan<byte> text, out BigInteger digits, out int decimalExponent)
    {
        digits = default;
        decimalExponent = 0;
        Span<char> significant = stackalloc char[MaxText];
        var count = 0;
        var at = 0;
        var point = false;
        for (; at < text.Length && (char.IsAsciiDigit((char)text[at]) || (!point && text[at] == (byte)'.')); at++)
        {
            if (text[at] == (byte)'.')
            {
                point = true;
                continue;
            }

            significant[count++] = (char)text[at];
            decimalExponent -= point ? 1 : 0;
        }

        if (count == 0)
        {
            return false;
        }

        if (at < text.Length)
        {
            if ((text[at] | 0x20) != 'e' || !TryReadExponent(text[(at + 1)..], out var power))
            {
                return false;
            }

            decimalExponent += power;
        }

        return BigInteger.TryParse(significant[..count], NumberStyles.None, CultureInfo.InvariantCulture, out digits);
    }

    private static bool TryReadExponent(ReadOnlySpan<byte> text, out int power)
    {
        power = 0;
        var negative = !text.IsEmpty && text[0] == (byte)'-';
        if (!text.IsEmpty && text[0] is (byte)'-' or (byte)'+')
        {
            text = text[1..];
        }

        foreach (var value in text)
        {
            if (!char.IsAsciiDigit((char)value))
            {
                return false;
            }

            power = Math.Min((power * 10) + (value - '0'), 1_000_000);
        }

        power = negative ? -power : power;
        return !text.IsEmpty;
    }

    private static ExtendedFloat Round(BigInteger numerator, BigInteger denominator, bool negative)
    {
        if (numerator.IsZero)
        {
            return new ExtendedFloat(0, 0, infinite: false);
        }

        // The exponent that leaves 64 bits before the point; the estimate from the bit lengths is at most one too small.
        var bits = (int)(numerator.GetBitLength() - denominator.GetBitLength());
        var power = Math.Max(bits - MantissaBits, MinExponent);
        var rounded = Scale(numerator, denominator, power);
        if (rounded.GetBitLength() > MantissaBits)
        {
            rounded = Scale(numerator, denominator, ++power);
        }

        return rounded.GetBitLength() + power > MaxBits
            ? new ExtendedFloat(negative ? -1 : 1, 0, infinite: true)
            : new ExtendedFloat(negative ? -rounded : rounded, power, infinite: false);
    }

    private static BigInteger Scale(BigInteger numerator, BigInteger denominator, int power) => power >= 0
        ? DivideToEven(numerator, denominator << power)
        : DivideToEven(numerator << -power, denominator);

    private static BigInteger DivideToEven(BigInteger numerator, BigInteger denominator)
    {
        var quotient = BigInteger.DivRem(numerator, denominator, out var remainder);
        var twice = (remainder << 1).CompareTo(denominator);
        return twice > 0 || (twice == 0 && !quotient.IsEven) ? quotient + 1 : quotient;
    }
}
