using KestrelFree.Storage.Encodings;
using KestrelFree.Tests.Support;
using NUnit.Framework;

namespace KestrelFree.Tests.Storage.Encodings;

/// <summary>
/// A listpack equals a list of texts under random edits, and its bytes are those of one built from scratch. The argument is the seed.
/// </summary>
public sealed class ListpackPropertyTests
{
    private static readonly string[] Edges =
    [
        "", "0", "127", "128", "-1", "4095", "4096", "-4096", "-4097", "32767", "32768", "-32769", "8388607", "8388608", "-8388609", "2147483647", "2147483648",
        "-2147483649", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "-0", "007", "1.5", "\0", "a",
    ];

    [Test]
    public void Edits_equal_their_model([Range(1, 10)] int seed)
    {
        var random = new Random(seed);
        var model = new List<string>();
        var target = new PackedBuffer(Listpack.Empty);
        for (var step = 0; step < 1500; step++)
        {
            var done = Edit(random, model, ref target);
            if (!target.Bytes.SequenceEqual(ListpackTests.Of([.. model])))
                Assert.Fail($"seed {seed}, step {step}: {done}");
            if (step % 20 == 0) CheckReads(random, model, target.Bytes);
        }
    }

    private static string Edit(Random random, List<string> model, ref PackedBuffer target)
    {
        // Rather shrinks when long, so that the ends and the middle of short and long listpacks all get their turns.
        var at = random.Next(model.Count + 1);
        switch (random.Next(model.Count > 60 ? 16 : 11))
        {
            case 0:
                model.Add(Draw(random));
                ListpackEdits.Append(ref target, ByteText.Bytes(model[^1]));
                return "append";
            case 1:
                model.Insert(0, Draw(random));
                ListpackEdits.Prepend(ref target, ByteText.Bytes(model[0]));
                return "prepend";
            case 2:
                model.AddRange(Draw(random), Draw(random));
                ListpackEdits.Append(ref target, ByteText.Bytes(model[^2]), ByteText.Bytes(model[^1]));
                return "append two";
            case 3:
                string[] two = [Draw(random), Draw(random)];
                model.InsertRange(at, two);
                ListpackEdits.InsertBefore(ref target, OffsetOf(target, at), ByteText.Bytes(two[0]), ByteText.Bytes(two[1]));
                return "insert two";
            case 4 or 5:
                model.Insert(at, Draw(random));
                ListpackEdits.InsertBefore(ref target, OffsetOf(target, at), ByteText.Bytes(model[at]));
                return "insert before";
            case 6 when at < model.Count:
                model.Insert(at + 1, Draw(random));
                Assert.That(ListpackEdits.InsertAfter(ref target, OffsetOf(target, at), ByteText.Bytes(model[at + 1])), Is.EqualTo(OffsetOf(target, at + 1)));
                return "insert after";
            case 7 or 8 when at < model.Count:
                model[at] = Draw(random);
                ListpackEdits.Replace(ref target, OffsetOf(target, at), ByteText.Bytes(model[at]));
                return "replace";
            case 9:
                string[] others = [.. Enumerable.Range(0, random.Next(4)).Select(_ => Draw(random))];
                model.InsertRange(at, others);
                ListpackEdits.InsertEntries(ref target, OffsetOf(target, at), ListpackTests.Of(others));
                return "insert entries";
            case 10 or 11 or 12 when at < model.Count:
                model.RemoveAt(at);
                ListpackEdits.Delete(ref target, OffsetOf(target, at));
                return "delete";
            case 13:
                return DeleteRange(random, model, ref target);
            case 14 or 15:
                return DeleteSome(random, model, ref target);
            default:
                return "nothing";
        }
    }

    private static string DeleteRange(Random random, List<string> model, ref PackedBuffer target)
    {
        var index = random.Next(-model.Count, model.Count);
        var count = random.Next(model.Count / 2);
        var first = index < 0 ? index + model.Count : index;
        var deleted = Math.Min(count, model.Count - first);
        model.RemoveRange(first, deleted);
        Assert.That(ListpackEdits.DeleteRange(ref target, index, count), Is.EqualTo(deleted));
        return $"delete range {index} {count}";
    }

    private static string DeleteSome(Random random, List<string> model, ref PackedBuffer target)
    {
        int[] indexes = [.. Enumerable.Range(0, model.Count).Where(_ => random.Next(4) == 0)];
        var listpack = target;
        int[] offsets = [.. indexes.Select(index => OffsetOf(listpack, index))];
        for (var i = indexes.Length - 1; i >= 0; i--)
            model.RemoveAt(indexes[i]);
        ListpackEdits.DeleteAll(ref target, offsets);
        return $"delete {offsets.Length} elements";
    }

    private static void CheckReads(Random random, List<string> model, ReadOnlySpan<byte> listpack)
    {
        Assert.That(Listpack.IsValid(listpack, out var count), Is.True);
        Assert.That((count, Listpack.Count(listpack)), Is.EqualTo((model.Count, model.Count)));
        var back = new ListpackReader(listpack);
        back.MoveToEnd();
        for (var i = model.Count - 1; i >= 0; i--)
            Assert.That(back.TryReadBack(out var value) && ListpackTests.TextOf(value) == model[i], Is.True);
        for (var i = 0; i < 10; i++)
        {
            var index = random.Next(-model.Count - 2, model.Count + 2);
            var exists = index >= -model.Count && index < model.Count;
            Assert.That(Listpack.TryGet(listpack, index, out var value), Is.EqualTo(exists));
            if (exists)
                Assert.That(ListpackTests.TextOf(value), Is.EqualTo(model[index < 0 ? index + model.Count : index]));
        }

        var wanted = Draw(random);
        var skip = random.Next(3);
        var found = Enumerable.Range(0, model.Count).FirstOrDefault(i => i % (skip + 1) == 0 && model[i] == wanted, -1);
        Assert.That(Listpack.Find(listpack, ByteText.Bytes(wanted), skip), Is.EqualTo(found < 0 ? Listpack.None : Listpack.Seek(listpack, found)));
    }

    private static int OffsetOf(PackedBuffer listpack, int index)
    {
        var offset = Listpack.Seek(listpack.Bytes, index);
        return offset == Listpack.None ? Listpack.EndOffset(listpack.Bytes) : offset;
    }

    private static string Draw(Random random) => random.Next(10) switch
    {
        < 4 => Edges[random.Next(Edges.Length)],
        < 6 => $"{random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64)}",
        < 9 => new string((char)random.Next('a', 'z'), random.Next(140)),
        _ => new string('L', random.Next(4080, 4110)),
    };
}
