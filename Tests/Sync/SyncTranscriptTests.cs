using Sluice.Tests.House;

namespace Sluice.Tests.Sync;

/// <summary>
/// Each file of the folder Transcripts is a scenario of the sync's decision core. With SLUICE_REWRITE_TRANSCRIPTS=1 the expected actions are written anew, to be reviewed as a difference.
/// </summary>
public sealed class SyncTranscriptTests
{
    private const string Folder = "Tests/Sync/Transcripts";
    private const string RewriteVariable = "SLUICE_REWRITE_TRANSCRIPTS";

    public static TheoryData<string> Transcripts => [.. Directory.EnumerateFiles(Path.Combine(SourceTree.Root, Folder), "*.txt").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Transcripts))]
    public void The_machine_does_what_the_transcript_says(string name)
    {
        var path = Path.Combine(SourceTree.Root, Folder, name);
        var written = File.ReadAllText(path);

        var played = SyncTranscript.Play(written);

        if (Environment.GetEnvironmentVariable(RewriteVariable) is { Length: > 0 })
        {
            File.WriteAllText(path, played);
            written = played;
        }

        Assert.Equal(written, played);
    }
}
