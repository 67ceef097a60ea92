using System.Text;
using KestrelFree.Server.Config;

namespace KestrelFree.Server.Acl;

/// <summary>A user: its passwords, and the selectors that say what it may do.</summary>
internal sealed class User
{
    private readonly int _commandCount;
    private List<PasswordHash> _passwords = [];
    private List<AclSelector> _selectors;

    /// <summary>A user without rights, that is off and has no password.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="commandCount">How many commands there are.</param>
    /// <param name="channels">Whether it begins with all channels.</param>
    internal User(ReadOnlySpan<byte> name, int commandCount, AclPubSubDefault channels)
    {
        Name = name.ToArray();
        _commandCount = commandCount;
        _selectors = [new AclSelector(commandCount, channels)];
    }

    /// <summary>The name.</summary>
    internal byte[] Name { get; }

    /// <summary>The name as text, a character a byte.</summary>
    internal string DisplayName => Encoding.Latin1.GetString(Name);

    /// <summary>Whether clients may authenticate as it.</summary>
    internal bool IsEnabled { get; set; }

    /// <summary>Whether any password is right.</summary>
    internal bool NeedsNoPassword { get; private set; }

    /// <summary>Whether payloads that it restores are taken without being checked in depth.</summary>
    internal bool SkipsSanitizing { get; set; }

    /// <summary>The hashes of its passwords.</summary>
    internal IReadOnlyList<PasswordHash> Passwords => _passwords;

    /// <summary>Its selectors, the root first.</summary>
    internal IReadOnlyList<AclSelector> Selectors => _selectors;

    /// <summary>The selector that rules outside of parentheses change.</summary>
    internal AclSelector Root => _selectors[0];

    /// <summary>Whether it may do everything, so that nothing has to be asked about its requests.</summary>
    internal bool IsUnrestricted { get; private set; }

    /// <summary>Whether a new connection is this user without having said so, if it is the default one.</summary>
    internal bool IsOpen => IsEnabled && NeedsNoPassword;

    /// <summary>The same user, to be changed apart from this one.</summary>
    internal User Copy()
    {
        var copy = new User(Name, _commandCount, AclPubSubDefault.ResetChannels);
        copy.Adopt(this);
        return copy;
    }

    /// <summary>Takes over everything of another user but its name.</summary>
    internal void Adopt(User source)
    {
        IsEnabled = source.IsEnabled;
        NeedsNoPassword = source.NeedsNoPassword;
        SkipsSanitizing = source.SkipsSanitizing;
        _passwords = [.. source._passwords];
        _selectors = [.. source._selectors.Select(selector => selector.Copy())];
        NoteRights();
    }

    /// <summary>Has to be called when selectors have changed, before the user is asked what it may do.</summary>
    internal void NoteRights() => IsUnrestricted = _selectors.Exists(selector => selector.IsUnrestricted);

    /// <summary>Makes any password right; those that were are forgotten.</summary>
    internal void AllowAnyPassword()
    {
        NeedsNoPassword = true;
        _passwords.Clear();
    }

    /// <summary>Forgets all passwords: none is right.</summary>
    internal void ResetPasswords()
    {
        NeedsNoPassword = false;
        _passwords.Clear();
    }

    /// <summary>Makes a password right.</summary>
    internal void AddPassword(PasswordHash password)
    {
        if (!_passwords.Exists(password.Matches)) _passwords.Add(password);
        NeedsNoPassword = false;
    }

    /// <summary>Makes a password wrong; false when it was.</summary>
    internal bool RemovePassword(PasswordHash password) => _passwords.RemoveAll(password.Matches) > 0;

    /// <summary>Whether somebody who says that it is this user may be believed.</summary>
    internal bool Accepts(PasswordHash password) => IsEnabled && (NeedsNoPassword || _passwords.Exists(password.Matches));

    /// <summary>Adds rights beside those it has.</summary>
    internal void AddSelector(AclSelector selector) => _selectors.Add(selector);

    /// <summary>Takes away all selectors but the root.</summary>
    internal void ClearSelectors() => _selectors.RemoveRange(1, _selectors.Count - 1);
}
