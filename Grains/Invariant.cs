using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Sluice;

/// <summary>Assertions of our own invariants, also in production: a broken one fails the operation, not the process. Peer input is never asserted but validated.</summary>
public static class Invariant
{
    /// <summary>Fails the operation when an invariant does not hold.</summary>
    /// <param name="condition">What must hold.</param>
    /// <param name="statement">The invariant, as a sentence.</param>
    /// <param name="expression">Filled in by the compiler.</param>
    /// <exception cref="InvariantException">It does not hold.</exception>
    public static void Holds([DoesNotReturnIf(false)] bool condition, string statement, [CallerArgumentExpression(nameof(condition))] string expression = "")
    {
        if (!condition)
        {
            throw new InvariantException($"Broken invariant: {statement} ({expression}). This is a defect of Sluice: please report it with the log around it.");
        }
    }
}

/// <summary>An invariant of our own does not hold: a defect.</summary>
public sealed class InvariantException(string message) : Exception(message);
