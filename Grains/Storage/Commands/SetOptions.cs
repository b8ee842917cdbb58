namespace Sluice.Storage.Commands;

/// <summary>The options of SET and GETEX, read as Redis 7.0 reads them.</summary>
internal readonly record struct SetOptions
{
    /// <summary>Set only if the key is not there.</summary>
    public bool OnlyIfMissing { get; private init; }

    /// <summary>Set only if the key is there.</summary>
    public bool OnlyIfPresent { get; private init; }

    /// <summary>Reply the old value.</summary>
    public bool Get { get; private init; }

    /// <summary>Leave the expiry as it is.</summary>
    public bool KeepExpiry { get; private init; }

    /// <summary>Take the expiry away.</summary>
    public bool Persist { get; private init; }

    /// <summary>The expiry's unit and reference.</summary>
    public ExpiryForm Form { get; private init; }

    /// <summary>Which argument is the expiry; 0: there is none.</summary>
    public int ExpiryArgument { get; private init; }

    /// <summary>Reads the options of SET, from the fourth argument on.</summary>
    public static SetOptions OfSet(byte[][] arguments) => Read(arguments, 3, isSet: true);

    /// <summary>Reads the options of GETEX, from the third argument on.</summary>
    public static SetOptions OfGetEx(byte[][] arguments) => Read(arguments, 2, isSet: false);

    private static SetOptions Read(byte[][] arguments, int first, bool isSet)
    {
        var options = default(SetOptions);
        for (var i = first; i < arguments.Length; i++)
        {
            options = options.With(arguments, ref i, isSet);
        }

        return options;
    }

    private SetOptions With(byte[][] arguments, ref int at, bool isSet)
    {
        var word = arguments[at];
        if (isSet && Keyword.Is(word, "NX") && !OnlyIfPresent)
        {
            return this with { OnlyIfMissing = true };
        }

        if (isSet && Keyword.Is(word, "XX") && !OnlyIfMissing)
        {
            return this with { OnlyIfPresent = true };
        }

        if (isSet && Keyword.Is(word, "GET"))
        {
            return this with { Get = true };
        }

        if (isSet && Keyword.Is(word, "KEEPTTL") && Form == ExpiryForm.None)
        {
            return this with { KeepExpiry = true };
        }

        if (!isSet && Keyword.Is(word, "PERSIST") && Form == ExpiryForm.None)
        {
            return this with { Persist = true };
        }

        var form = FormOf(word);
        if (form == ExpiryForm.None || KeepExpiry || Persist || (Form != ExpiryForm.None && Form != form) || at + 1 >= arguments.Length)
        {
            throw new CommandException(RedisErrors.Syntax);
        }

        return this with { Form = form, ExpiryArgument = ++at };
    }

    private static ExpiryForm FormOf(byte[] word) => word.Length switch
    {
        2 when Keyword.Is(word, "EX") => ExpiryForm.Seconds,
        2 when Keyword.Is(word, "PX") => ExpiryForm.Milliseconds,
        4 when Keyword.Is(word, "EXAT") => ExpiryForm.AtSeconds,
        4 when Keyword.Is(word, "PXAT") => ExpiryForm.AtMilliseconds,
        _ => ExpiryForm.None,
    };
}

/// <summary>How an expiry is given.</summary>
internal enum ExpiryForm
{
    None,
    Seconds,
    Milliseconds,
    AtSeconds,
    AtMilliseconds,
}

/// <summary>Words of commands, whose case does not matter.</summary>
internal static class Keyword
{
    /// <summary>Whether an argument is a word; the word is given in upper case.</summary>
    public static bool Is(ReadOnlySpan<byte> argument, string word) => System.Text.Ascii.EqualsIgnoreCase(argument, word);
}
