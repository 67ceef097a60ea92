namespace KestrelFree.Protocol;

/// <summary>Where one argument of a request lies in the buffer that it was parsed from.</summary>
/// <param name="Offset">Bytes from the start of the buffer.</param>
/// <param name="Length">Bytes of the argument.</param>
public readonly record struct ArgSlice(int Offset, int Length);
