using Spectre.Console;

namespace Sluice.Cli.Rendering;

/// <summary>The colours of words that an operator looks for.</summary>
internal static class StateColour
{
    /// <summary>The cell as Spectre markup, in its word's colour.</summary>
    public static string Paint(string cell)
    {
        var colour = cell switch
        {
            "live" or "primary" or "up" or "equal" => "green",
            "pending" or "idle" => "grey",
            "opening" or "copying" or "verifying" or "installing" or "catching up" => "yellow",
            "paused" => "orange1",
            "down" or "different" => "red",
            _ => null,
        };
        return colour is null ? Markup.Escape(cell) : $"[{colour}]{Markup.Escape(cell)}[/]";
    }
}
