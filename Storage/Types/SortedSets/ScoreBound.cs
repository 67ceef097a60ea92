namespace KestrelFree.Storage;

/// <summary>
/// A place between two elements of a sorted set: those before it are less than a score, a member, or a score and member, or equal to it if the
/// bound lies behind. Ends of ranges, elements that are looked for and ways down a tree are all such places.
/// </summary>
public readonly ref struct ScoreBound
{
    private readonly Compared _what;
    private readonly bool _isBehind;

    private ScoreBound(Compared what, double score, ReadOnlySpan<byte> member, bool isBehind)
    {
        _what = what;
        Score = score;
        Member = member;
        _isBehind = isBehind;
    }

    private enum Compared : byte
    {
        Nothing,
        Score,
        Member,
        ScoreAndMember,
    }

    /// <summary>Before all elements.</summary>
    public static ScoreBound First => default;

    /// <summary>Behind all elements.</summary>
    public static ScoreBound Last => new(Compared.Nothing, 0, default, isBehind: true);

    /// <summary>The score, unless only members are compared.</summary>
    public double Score { get; }

    /// <summary>The member, unless only scores are compared.</summary>
    public ReadOnlySpan<byte> Member { get; }

    /// <summary>Whether scores are left out: all are taken to be equal.</summary>
    public bool IgnoresScores => _what is Compared.Member or Compared.Nothing;

    /// <summary>Before the elements with a score.</summary>
    public static ScoreBound Before(double score) => new(Compared.Score, score, default, isBehind: false);

    /// <summary>Behind the elements with a score.</summary>
    public static ScoreBound Behind(double score) => new(Compared.Score, score, default, isBehind: true);

    /// <summary>Before a member, where all scores are equal.</summary>
    public static ScoreBound Before(ReadOnlySpan<byte> member) => new(Compared.Member, 0, member, isBehind: false);

    /// <summary>Behind a member, where all scores are equal.</summary>
    public static ScoreBound Behind(ReadOnlySpan<byte> member) => new(Compared.Member, 0, member, isBehind: true);

    /// <summary>Before an element.</summary>
    public static ScoreBound Before(double score, ReadOnlySpan<byte> member) => new(Compared.ScoreAndMember, score, member, isBehind: false);

    /// <summary>Behind an element.</summary>
    public static ScoreBound Behind(double score, ReadOnlySpan<byte> member) => new(Compared.ScoreAndMember, score, member, isBehind: true);

    /// <summary>Whether an element with the bound's score lies before it, judged by its member.</summary>
    public bool IsAbove(ReadOnlySpan<byte> member)
    {
        if (_what is Compared.Score or Compared.Nothing) return _isBehind;
        int order = member.SequenceCompareTo(Member);
        return order < 0 || (order == 0 && _isBehind);
    }

    /// <summary>Whether an element lies before it.</summary>
    public bool IsAbove(double score, ReadOnlySpan<byte> member) =>
        IgnoresScores || score == Score ? IsAbove(member) : score < Score;
}
