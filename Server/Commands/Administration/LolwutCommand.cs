using System.Text;
using KestrelFree.Protocol;
using KestrelFree.Server.Networking;
using static KestrelFree.Server.Commands.CommandFlags;

namespace KestrelFree.Server.Commands;

// LOLWUT [VERSION version [arguments]]: a piece of generative art for each version of Redis that brought one, and the version.
//
// Version 5 is after Georg Nees's Schotter (1968): squares in rows and columns that are more and more displaced and turned the further down they
// stand, drawn in Braille dots, two by four to a character. Version 6 is a city at night: buildings of random height and width with lit windows.

/// <summary>LOLWUT.</summary>
internal static class LolwutCommand
{
    internal static readonly CommandSpec[] Table =
    [
        new("lolwut", Lolwut)
        {
            Arity = -1, Flags = ReadOnly | Fast, Since = "5.0.0", Group = "server",
            Summary = "Draws a piece of computer art and tells the version.",
        },
    ];

    private static void Lolwut(Client client, in ArgVector args)
    {
        long version = 0;
        var first = 1;
        if (args.Count >= 3 && args[1].Is("version"u8))
        {
            if (!ArgumentParsing.TryInt32OrReply(client, args[2], out var wanted)) return;
            version = wanted;
            first = 3;
        }

        switch (version)
        {
            case 5:
                if (TryReadOrReply(client, args, first, [66, 8, 12], out var squares)) Reply(client, Squares(squares) + "\nGeorg Nees - schotter, plotter on paper, 1968.");
                break;
            case 6:
                if (TryReadOrReply(client, args, first, [80, 20], out var size)) Reply(client, City(size) + "\nA city at night, of boxes.");
                break;
            default:
                Reply(client, "");
                break;
        }
    }

    private static void Reply(Client client, string art) =>
        client.Reply.Verbatim("txt"u8, Encoding.UTF8.GetBytes($"{art}{(art.Length == 0 ? "" : " ")}Redis ver. {ServerVersion.Redis}\n"));

    private static bool TryReadOrReply(Client client, in ArgVector args, int first, int[] numbers, out int[] read)
    {
        read = numbers;
        for (var i = 0; i < numbers.Length && first + i < args.Count; i++)
        {
            if (!ArgumentParsing.TryIntegerOrReply(client, args[first + i], out var number)) return false;
            numbers[i] = (int)Math.Clamp(number, 1, i == 0 ? 1000 : 200);
        }

        return true;
    }

    private static string Squares(int[] numbers)
    {
        var (columns, perRow, perColumn) = (numbers[0], numbers[1], numbers[2]);
        var dots = new Canvas(columns * 2);
        var padding = columns > 4 ? 2 : 0;
        var side = (double)(dots.Width - padding * 2) / perRow;
        dots.Height = (int)(side * perColumn) + padding * 2;
        for (var row = 0; row < perColumn; row++)
        {
            for (var column = 0; column < perRow; column++)
            {
                var disorder = row > 1 ? (row - 1) / (double)perColumn : 0;
                var x = padding + side * (column + 0.5) + Jitter(disorder * side / 2);
                var y = padding + side * (row + 0.5) + Jitter(disorder * side / 2);
                dots.Square(x, y, side, Jitter(disorder));
            }
        }

        return dots.ToString();
    }

    private static double Jitter(double range) => (Random.Shared.NextDouble() * 2 - 1) * range;

    private static string City(int[] numbers)
    {
        var (columns, rows) = (numbers[0], numbers[1]);
        var heights = new int[columns];
        for (var at = 0; at < columns;)
        {
            var height = Random.Shared.Next(rows / 4, Math.Max(rows / 4 + 1, rows - 1));
            for (var end = Math.Min(columns, at + Random.Shared.Next(4, 10)); at < end; at++) heights[at] = at == end - 1 ? 0 : height;
        }

        var text = new StringBuilder();
        for (var row = rows; row > 0; row--)
        {
            foreach (var height in heights) text.Append(height < row ? ' ' : height == row || Random.Shared.Next(3) > 0 ? '\u2588' : '\u2591');
            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Dots that are written two by four to a Braille character.</summary>
    private sealed class Canvas(int width)
    {
        private static readonly int[,] Bits = { { 0, 1, 2, 6 }, { 3, 4, 5, 7 } };

        private readonly HashSet<(int X, int Y)> _dots = [];

        internal int Width { get; } = width;

        internal int Height { get; set; }

        internal void Square(double x, double y, double side, double turn)
        {
            const double quarter = Math.PI / 2;
            var radius = side / Math.Sqrt(2);
            for (var corner = 0; corner < 4; corner++)
            {
                var (from, to) = (quarter * corner + quarter / 2 + turn, quarter * (corner + 1) + quarter / 2 + turn);
                Line(x + Math.Sin(from) * radius, y + Math.Cos(from) * radius, x + Math.Sin(to) * radius, y + Math.Cos(to) * radius);
            }
        }

        public override string ToString()
        {
            var text = new StringBuilder();
            for (var y = 0; y < Height; y += 4)
            {
                for (var x = 0; x < Width; x += 2) text.Append((char)(0x2800 + DotsAt(x, y)));
                text.Append('\n');
            }

            return text.ToString();
        }

        private int DotsAt(int x, int y)
        {
            var dots = 0;
            for (var i = 0; i < 2; i++)
            {
                for (var j = 0; j < 4; j++) dots |= _dots.Contains((x + i, y + j)) ? 1 << Bits[i, j] : 0;
            }

            return dots;
        }

        private void Line(double x, double y, double toX, double toY)
        {
            var steps = (int)Math.Max(1, Math.Max(Math.Abs(toX - x), Math.Abs(toY - y)));
            for (var i = 0; i <= steps; i++) _dots.Add(((int)(x + (toX - x) * i / steps), (int)(y + (toY - y) * i / steps)));
        }
    }
}
