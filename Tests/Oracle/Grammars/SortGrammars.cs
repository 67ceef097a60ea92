namespace KestrelFree.Tests.Oracle;

/// <summary>The rows of SORT and SORT_RO: elements are numbers, texts and the names of keys that patterns find.</summary>
internal static class SortGrammars
{
    private static readonly string[] Writers = ["RPUSH", "LPUSH", "SADD", "SET", "HSET", "SORT", "LRANGE", "OBJECT ENCODING", "EXPIRE"];

    public static readonly CommandGrammar[] All =
    [
        new("SORT", StoringArguments) { Beside = Writers },
        new("SORT_RO", Arguments) { Beside = Writers },
    ];

    /// <summary>
    /// Whether replies differ only since the request says too little about the order, of equal elements or of a set's: the same elements in
    /// another order, or others if only a part of them is asked for.
    /// </summary>
    public static bool DifferInOpenOrder(Exchange exchange)
    {
        if (!Has(exchange.Request, "BY")) return false;
        return Has(exchange.Request, "LIMIT") ? HeaderOf(exchange.Ours) == HeaderOf(exchange.Theirs) : Lines(exchange.Ours).SequenceEqual(Lines(exchange.Theirs));
    }

    private static bool Has(IReadOnlyList<string> request, string word) => request.Any(argument => argument.Equals(word, StringComparison.OrdinalIgnoreCase));

    private static string HeaderOf(string reply) => reply.Split("\r\n")[0];

    private static IEnumerable<string> Lines(string reply) => reply.Split("\r\n").Order(StringComparer.Ordinal);

    // By weights, texts that are equal stay in any order; what is stored of them would make later requests differ.
    private static string[] StoringArguments(Draw d)
    {
        var arguments = Arguments(d);
        var isStored = d.Chance(40) && !(Has(arguments, "BY") && Has(arguments, "ALPHA"));
        return isStored ? [.. arguments, d.Word("STORE"), ListGrammars.Key(d)] : arguments;
    }

    private static string[] Arguments(Draw d)
    {
        var by = d.Chance(40);
        return
        [
            Key(d),
            .. by ? [d.Word("BY"), d.Pick("*", "*", "h*->f", "*->f", "nosort", "#", "big*->g", "*\0*", "\0*", "*->", "w_*", "")] : Array.Empty<string>(),
            .. d.Options(
                () => [d.Word("ALPHA")],
                () => [d.Word("ALPHA")],
                () => [d.Word("DESC")],
                () => [d.Word("ASC")],
                () => [d.Word("LIMIT"), Number(d), Number(d)],
                () => [d.Word("GET"), d.Pick("#", "*", "*->f", "h*->g", "nosuch", "##", "")],
                () => [d.Word("GET"), "#"],
                () => d.Pick<string[]>([d.Word("GET")], [d.Word("LIMIT"), "1"], ["junk"])),
        ];
    }

    // Those with numbers alone are sorted as such without an error.
    private static string Key(Draw d) => d.Pick("intset", "intset", "list", "list", "list2", "biglist", "lone", "set", "zset", "missing", d.Key());

    private static string Number(Draw d) => d.Chance(80) ? d.Pick("0", "1", "2", "-1", "-2", "5", "100") : d.Integer();
}
