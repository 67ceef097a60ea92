namespace KestrelFree.Tests.Oracle;

/// <summary>Finds a short script that still fails, by leaving out ever smaller runs of requests.</summary>
internal static class ScriptShrinker
{
    /// <summary>A script no request of which can be left out alone; O(n log n) tries mostly, n^2 at worst.</summary>
    public static Script Shrink(Script script, Func<Script, bool> stillFails)
    {
        var requests = script.Requests;
        for (var run = Math.Max(1, requests.Count / 2); run > 0; run /= 2)
        {
            for (var at = requests.Count - run; at >= 0; at -= run)
            {
                IReadOnlyList<IReadOnlyList<string>> shorter = [.. requests.Take(at), .. requests.Skip(at + run)];
                if (stillFails(new Script([], shorter, []))) requests = shorter;
            }
        }

        return new Script([], requests, []);
    }
}
