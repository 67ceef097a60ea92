using KestrelFree.Protocol;
using KestrelFree.Server.Commands;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Server.Commands;

internal sealed class KeyFindersTests
{
    private static readonly Dictionary<string, CommandSpec> Specs = new()
    {
        ["mset"] = Spec(new KeySpec { Index = 1, LastKey = -1, Step = 2 }),
        ["rename"] = Spec(KeySpec.One(1, KeySpecFlags.None), KeySpec.One(2, KeySpecFlags.None)),
        ["blpop"] = Spec(new KeySpec { Index = 1, LastKey = -2 }),
        ["xread"] = Spec(new KeySpec { Begin = BeginSearch.Keyword, Keyword = "STREAMS", Index = 1, LastKey = -1, Limit = 2 }),
        ["migrate"] = Spec(KeyFinders.Migrate, new KeySpec { Index = 3, Flags = KeySpecFlags.Incomplete }, new KeySpec { Begin = BeginSearch.Keyword, Keyword = "KEYS", Index = -2, LastKey = -1 }),
        ["eval"] = Spec(Counted(2, step: 1)),
        ["msetex"] = Spec(Counted(1, step: 2)),
        ["zunionstore"] = Spec(KeySpec.One(1, KeySpecFlags.None), Counted(2, step: 1)),
        ["sort"] = Spec(KeyFinders.Sort, KeySpec.One(1, KeySpecFlags.None), new KeySpec { Begin = BeginSearch.Unknown, Find = FindKeys.Unknown }),
        ["sort_ro"] = Spec(KeyFinders.SortReadOnly, KeySpec.One(1, KeySpecFlags.None), new KeySpec { Begin = BeginSearch.Unknown, Find = FindKeys.Unknown }),
        ["georadius"] = Spec(KeyFinders.GeoRadius, KeySpec.One(1, KeySpecFlags.VariableFlags)),
        ["bitfield"] = Spec(KeyFinders.BitField, KeySpec.One(1, KeySpecFlags.VariableFlags)),
        ["spublish"] = Spec(KeySpec.One(1, KeySpecFlags.NotKey)),
    };

    [TestCase("mset a 1 b 2 c 3", "a b c")]
    [TestCase("rename a b", "a b")]
    [TestCase("blpop a b c 0", "a b c")]
    [TestCase("xread COUNT 1 streams a b 0 0", "a b")]
    [TestCase("xread COUNT 1", "")]
    [TestCase("migrate h 1 k 0 10", "k")]
    [TestCase("migrate h 1 k 0 10 COPY", "k")]
    [TestCase("migrate h 1 \"\" 0 10 AUTH keys KEYS a b", "a b")]
    [TestCase("migrate h 1 \"\" 0 10 AUTH2 keys keys KEYS a b", "a b")]
    [TestCase("migrate h 1 k 0 10 KEYS a b", "")]
    [TestCase("eval x 2 a b c", "a b")]
    [TestCase("eval x 0 c", "")]
    [TestCase("eval x 3 a b", "")]
    [TestCase("eval x -1 a", "")]
    [TestCase("eval x 99999999999999999999 a", "")]
    [TestCase("eval x 2x a b c", "a b")]
    [TestCase("eval x \" +2\" a b c", "a b")]
    [TestCase("eval x 3x a b", "")]
    [TestCase("zunionstore d 1x a b", "a d")]
    [TestCase("msetex 2 a 1 b 2 NX", "a b")]
    [TestCase("zunionstore d 2 a b WEIGHTS 1 2", "d a b")]
    [TestCase("zunionstore d x a b", "")]
    [TestCase("sort a", "a")]
    [TestCase("sort a BY store GET store LIMIT 0 store STORE b store c", "a c")]
    [TestCase("sort a STORE", "a")]
    [TestCase("sort_ro a BY b_*", "a")]
    [TestCase("georadius a 1 2 3 m STORE b STOREDIST c", "a c")]
    [TestCase("georadius a 1 2 3 m", "a")]
    [TestCase("bitfield a GET u8 0", "a")]
    [TestCase("spublish a b", "")]
    public void The_keys_of_a_request_are_found(string line, string keys)
    {
        var request = ByteText.SplitArguments(line);

        Assert.That(string.Join(' ', Find(request).Select(key => request[key.Index])), Is.EqualTo(keys));
    }

    [TestCase("bitfield a GET u8 0 OVERFLOW WRAP GET u8 1", KeySpecFlags.ReadOnly)]
    [TestCase("bitfield a GET u8 0 INCRBY u8 1 1", KeySpecFlags.ReadWrite)]
    [TestCase("bitfield a GET u8", KeySpecFlags.ReadWrite)]
    public void What_bitfield_does_to_its_key_depends_on_its_operations(string line, object flag) =>
        Assert.That(Find(ByteText.SplitArguments(line)).Single().Flags & (KeySpecFlags.ReadOnly | KeySpecFlags.ReadWrite), Is.EqualTo(flag));

    private static List<FoundKey> Find(IReadOnlyList<string> request)
    {
        var slices = new List<ArgSlice>();
        var bytes = new List<byte>();
        foreach (var argument in request)
        {
            slices.Add(new ArgSlice(bytes.Count, argument.Length));
            bytes.AddRange(ByteText.Bytes(argument));
        }

        var keys = new List<FoundKey>();
        KeyFinders.TryFind(Specs[request[0]], new ArgVector(bytes.ToArray(), slices.ToArray()), keys);
        return keys;
    }

    private static KeySpec Counted(int at, int step) => new() { Index = at, Find = FindKeys.KeyCount, KeyCountIndex = 0, FirstKey = 1, Step = step };

    private static CommandSpec Spec(params KeySpec[] keys) => Spec(null, keys);

    private static CommandSpec Spec(KeyFinder? finder, params KeySpec[] keys) =>
        new("test", static (_, in _) => { }) { Arity = -2, Since = "1.0.0", Group = "generic", Keys = keys, KeyFinder = finder };
}
