using System.Runtime.CompilerServices;

namespace KestrelFree.Storage.Types;

/// <summary>
/// Goes over a tree's elements from a rank on, in either direction. O(log n) to begin, O(1) amortised a step. The tree must not be written to
/// meanwhile.
/// </summary>
internal ref struct ScoreCursor
{
    // Nodes have four children at least, mostly 32 and more: enough for more elements than there is memory for.
    private const int MaxDepth = 16;

    private readonly ScoreTree _tree;
    private readonly bool _isWithin;
    private Path _path;
    private int _depth;
    private ScoreNode _leaf;
    private int _index;
    private bool _hasMoved;

    /// <summary>A cursor whose first step, in either direction, leads to the element with a rank, if there is one.</summary>
    public ScoreCursor(ScoreTree tree, long rank)
    {
        _tree = tree;
        _isWithin = rank >= 0 && rank < tree.Count;
        if (!_isWithin) return;
        uint id = tree.Root;
        ScoreNode node = tree.Node(id);
        while (!node.IsLeaf)
        {
            int child = ChildWith(node, ref rank);
            id = Enter(id, node, child);
            node = tree.Node(id);
        }

        _leaf = node;
        _index = (int)rank;
    }

    /// <summary>The element's score.</summary>
    public readonly double Score => _leaf.Scores[_index];

    /// <summary>The element's member, until the next write to the keyspace.</summary>
    public readonly ReadOnlySpan<byte> Member => _tree.Member(_leaf, _index);

    /// <summary>Goes to the next element; false when there is none.</summary>
    public bool MoveNext()
    {
        if (!_hasMoved) return _hasMoved = _isWithin;
        if (++_index < _leaf.Count) return true;
        while (_depth > 0)
        {
            Step step = _path[--_depth];
            ScoreNode node = _tree.Node(step.Node);
            if (step.Child + 1 < node.Count) return EnterFirstLeaf(Enter(step.Node, node, step.Child + 1));
        }

        return false;
    }

    /// <summary>Goes to the previous element; false when there is none.</summary>
    public bool MovePrevious()
    {
        if (!_hasMoved) return _hasMoved = _isWithin;
        if (--_index >= 0) return true;
        while (_depth > 0)
        {
            Step step = _path[--_depth];
            if (step.Child > 0) return EnterLastLeaf(Enter(step.Node, _tree.Node(step.Node), step.Child - 1));
        }

        return false;
    }

    private static int ChildWith(ScoreNode node, ref long rank)
    {
        ReadOnlySpan<uint> counts = node.Counts;
        int child = 0;
        for (; rank >= counts[child]; child++)
            rank -= counts[child];
        return child;
    }

    private uint Enter(uint id, ScoreNode node, int child)
    {
        _path[_depth++] = new Step(id, child);
        return node.Children[child];
    }

    private bool EnterFirstLeaf(uint id)
    {
        ScoreNode node = _tree.Node(id);
        while (!node.IsLeaf)
            node = _tree.Node(id = Enter(id, node, 0));
        _leaf = node;
        _index = 0;
        return true;
    }

    private bool EnterLastLeaf(uint id)
    {
        ScoreNode node = _tree.Node(id);
        while (!node.IsLeaf)
            node = _tree.Node(id = Enter(id, node, node.Count - 1));
        _leaf = node;
        _index = node.Count - 1;
        return true;
    }

    private readonly record struct Step(uint Node, int Child);

    [InlineArray(MaxDepth)]
    private struct Path
    {
        private Step _first;
    }
}
