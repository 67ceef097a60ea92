using KestrelFree.Storage.Snapshots;

namespace KestrelFree.Storage.Types;

// The nodes of a stream, by the ids of their masters: a B+tree of up to 64 places a page, in which every page knows what is below it - how many
// nodes, how many entries, how many bytes.
//
//              [ 17-0: page, 64 nodes, 6400 entries | 95-3: page, 12 nodes, 1187 entries ]     inner pages: first id and totals of each page
//                /                                        \
//     [ node | node | ... ]                       [ node | node | ... ]                        leaves: nodes, which tell where their listpacks are
//
// Nodes come only behind the last one, since ids only grow, so nothing ever splits: a full page stays full and the next begins empty. They go
// anywhere (XDEL), and then sparse neighbours are joined, but mostly at the front: RemoveFirst takes any number of them away by cutting whole
// pages off, without looking into these, and the totals say what went with them. That is why there are totals: trimming millions of entries is
// O(log n) and what was cut off is freed later.
//
// A page that a fork sees is copied before it is written to, and with it the path from the root. There are no links between leaves: the next node
// is found from the last, O(log n), so whoever walks the tree may change it meanwhile.

/// <summary>The nodes of a stream in order. Operations are O(log n) unless they say otherwise.</summary>
internal sealed class StreamNodes
{
    private const int SparsePlaces = StreamPage.MaxSlots / 2;

    private readonly ForkEpochs _forks;
    private StreamPage _root;
    private StreamTotals _totals;

    /// <summary>A tree without nodes.</summary>
    public StreamNodes(ForkEpochs forks)
        : this(forks, StreamPage.Leaf(forks.Current), default)
    {
    }

    /// <summary>The nodes below a page, which add up to this.</summary>
    public StreamNodes(ForkEpochs forks, StreamPage root, StreamTotals totals)
    {
        _forks = forks;
        _root = root;
        _totals = totals;
    }

    /// <summary>The page over all others.</summary>
    public StreamPage Root => _root;

    /// <summary>What all nodes add up to.</summary>
    public StreamTotals Totals => _totals;

    /// <summary>Who may still read the pages and the nodes.</summary>
    public Reach Reach { get; set; }

    /// <summary>The same nodes in the same pages, for the owner to go on with while forks keep this one. O(1).</summary>
    public StreamNodes Clone() => new(_forks, _root, _totals) { Reach = Reach };

    /// <summary>Finds the first node.</summary>
    public bool TryFirst(out StreamNode node) => TryAt(0, out node);

    /// <summary>Finds the last node.</summary>
    public bool TryLast(out StreamNode node)
    {
        StreamPage page = _root;
        while (!page.IsLeaf)
            page = page.Slots[page.Used - 1].Page;
        bool exists = page.Used > 0;
        node = exists ? page.Nodes[page.Used - 1] : default;
        return exists;
    }

    /// <summary>Finds the node that so many are before.</summary>
    public bool TryAt(long ordinal, out StreamNode node)
    {
        node = default;
        if (ordinal >= _totals.Nodes) return false;
        StreamPage page = _root;
        while (!page.IsLeaf)
        {
            int place = 0;
            for (; ordinal >= page.Slots[place].Totals.Nodes; place++)
                ordinal -= page.Slots[place].Totals.Nodes;
            page = page.Slots[place].Page;
        }

        node = page.Nodes[ordinal];
        return true;
    }

    /// <summary>Finds the last node whose master's id is not greater than an id.</summary>
    public bool TryAtOrBefore(StreamId id, out StreamNode node)
    {
        StreamPage page = _root;
        int place = page.PlaceOf(id);
        while (place >= 0 && !page.IsLeaf)
        {
            page = page.Slots[place].Page;
            place = page.PlaceOf(id);
        }

        node = place >= 0 ? page.Nodes![place] : default;
        return place >= 0;
    }

    /// <summary>Finds the first node whose master's id is not less than an id.</summary>
    public bool TryAtOrAfter(StreamId id, out StreamNode node)
    {
        bool isThere = TryAtOrBefore(id, out node) && node.MasterId == id;
        return isThere || TryAt(CountUpTo(id), out node);
    }

    /// <summary>How many nodes have a master's id that is not greater than an id.</summary>
    public long CountUpTo(StreamId id)
    {
        long count = 0;
        StreamPage page = _root;
        int place = page.PlaceOf(id);
        while (place >= 0 && !page.IsLeaf)
        {
            for (int i = 0; i < place; i++)
                count += page.Slots[i].Totals.Nodes;
            page = page.Slots[place].Page;
            place = page.PlaceOf(id);
        }

        return count + place + 1;
    }

    /// <summary>
    /// How many of the first nodes have together no more than so many entries that are not deleted; it stops as soon as they have so many.
    /// </summary>
    public long CountWithin(long live)
    {
        long count = 0;
        StreamPage page = _root;
        while (true)
        {
            int place = 0;
            for (; place < page.Used && live > 0; place++)
            {
                StreamTotals totals = page.TotalsAt(place);
                if (totals.Live > live || (totals.Live == live && !page.IsLeaf)) break;
                live -= totals.Live;
                count += totals.Nodes;
            }

            if (page.IsLeaf || place == page.Used || live <= 0) return count;
            page = page.Slots[place].Page;
        }
    }

    /// <summary>Puts a node behind the last.</summary>
    public void Append(in StreamNode node)
    {
        StreamPage? right = Append(ref _root, node);
        _totals += StreamTotals.Of(node);
        if (right == null) return;
        StreamPage root = StreamPage.Inner(_forks.Current);
        root.Append(StreamSlot.Of(_root));
        root.Append(StreamSlot.Of(right));
        _root = root;
    }

    /// <summary>Puts a node in the place of one with the same master's id.</summary>
    public void Replace(in StreamNode old, in StreamNode node)
    {
        StreamTotals change = StreamTotals.Of(node) - StreamTotals.Of(old);
        _totals += change;
        StreamPage page = Own(ref _root);
        while (!page.IsLeaf)
        {
            ref StreamSlot slot = ref page.Slots[page.PlaceOf(node.MasterId)];
            slot.Totals += change;
            page = Own(ref slot.Page);
        }

        ref StreamNode place = ref page.Nodes[page.PlaceOf(node.MasterId)];
        Invariant.Check(place.MasterId == node.MasterId && place.Id == old.Id);
        place = node;
    }

    /// <summary>Takes a node away that is there; what it holds is the caller's to free.</summary>
    public void Remove(in StreamNode node)
    {
        _totals -= StreamTotals.Of(node);
        Remove(ref _root, node.MasterId);
        Shorten();
    }

    /// <summary>
    /// Takes the first nodes away; what they hold is the caller's to free. Up to a page of them are listed one by one, and the others as the
    /// pages that they are below.
    /// </summary>
    public void RemoveFirst(long count, List<StreamNode> removed, List<StreamSlot> dropped)
    {
        if (count == _totals.Nodes)
        {
            dropped.Add(new StreamSlot { Page = _root, Totals = _totals });
            (_root, _totals) = (StreamPage.Leaf(_forks.Current), default);
            return;
        }

        _totals -= RemoveFirst(ref _root, count, removed, dropped);
        Shorten();
    }

    /// <summary>Checks order, bounds and totals. O(n).</summary>
    public void Check()
    {
        StreamId? last = null;
        Invariant.Check(Check(_root, ref last) == _totals);
    }

    private static StreamTotals Check(StreamPage page, ref StreamId? last)
    {
        StreamTotals sum = default;
        for (int place = 0; place < page.Used; place++)
        {
            if (page.IsLeaf)
            {
                Invariant.Check(last == null || page.Nodes[place].MasterId > last);
                last = page.Nodes[place].MasterId;
                sum += StreamTotals.Of(page.Nodes[place]);
                continue;
            }

            ref readonly StreamSlot slot = ref page.Slots[place];
            Invariant.Check(slot.Page.Used > 0 && slot.Page.First == slot.First);
            Invariant.Check(Check(slot.Page, ref last) == slot.Totals);
            sum += slot.Totals;
        }

        return sum;
    }

    private StreamPage Own(ref StreamPage place)
    {
        StreamPage page = place;
        if (!_forks.IsShared(page.Birth)) return page;
        if (_forks.IsNeeded(page.Birth, Reach)) place = page = page.Copy(_forks.Current);
        else page.Birth = _forks.Current;
        return page;
    }

    // Returns the page that comes behind this one if it was full.
    private StreamPage? Append(ref StreamPage place, in StreamNode node)
    {
        StreamPage page = place;
        if (page.IsLeaf)
        {
            StreamPage? next = page.IsFull ? StreamPage.Leaf(_forks.Current) : null;
            (next ?? Own(ref place)).Append(node);
            return next;
        }

        page = Own(ref place);
        ref StreamSlot last = ref page.Slots![page.Used - 1];
        StreamPage? right = Append(ref last.Page, node);
        if (right == null)
        {
            last.Totals += StreamTotals.Of(node);
            return null;
        }

        StreamPage? behind = page.IsFull ? StreamPage.Inner(_forks.Current) : null;
        (behind ?? page).Append(StreamSlot.Of(right));
        return behind;
    }

    private void Remove(ref StreamPage place, StreamId id)
    {
        StreamPage page = Own(ref place);
        int at = page.PlaceOf(id);
        if (page.IsLeaf)
        {
            Invariant.Check(page.Nodes[at].MasterId == id);
            page.Remove(at, 1);
            return;
        }

        ref StreamSlot slot = ref page.Slots[at];
        Remove(ref slot.Page, id);
        if (slot.Page.Used == 0)
        {
            page.Remove(at, 1);
            return;
        }

        slot = StreamSlot.Of(slot.Page);
        JoinSparse(page, at);
        JoinSparse(page, at - 1);
    }

    private StreamTotals RemoveFirst(ref StreamPage place, long count, List<StreamNode> removed, List<StreamSlot> dropped)
    {
        StreamPage page = Own(ref place);
        StreamTotals gone = default;
        int whole = 0;
        for (; count > 0 && page.TotalsAt(whole).Nodes <= count; whole++)
        {
            gone += page.TotalsAt(whole);
            count -= page.TotalsAt(whole).Nodes;
            if (page.IsLeaf) removed.Add(page.Nodes[whole]);
            else dropped.Add(page.Slots[whole]);
        }

        page.Remove(0, whole);
        if (count == 0) return gone;
        ref StreamSlot cut = ref page.Slots![0];
        gone += RemoveFirst(ref cut.Page, count, removed, dropped);
        cut = StreamSlot.Of(cut.Page);
        return gone;
    }

    private void Shorten()
    {
        while (!_root.IsLeaf && _root.Used == 1)
            _root = _root.Slots[0].Page;
        if (_root.Used == 0) _root = StreamPage.Leaf(_forks.Current);
    }

    private void JoinSparse(StreamPage page, int left)
    {
        if (left < 0 || left + 1 >= page.Used || page.Slots![left].Page.Used + page.Slots[left + 1].Page.Used > SparsePlaces)
            return;
        ref StreamSlot slot = ref page.Slots[left];
        Own(ref slot.Page).Join(page.Slots[left + 1].Page);
        slot.Totals += page.Slots[left + 1].Totals;
        page.Remove(left + 1, 1);
    }
}
