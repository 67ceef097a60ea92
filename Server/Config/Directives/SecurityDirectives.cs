using static KestrelFree.Server.Config.Directives.Row;

namespace KestrelFree.Server.Config.Directives;

/// <summary>Who may do what.</summary>
internal static class SecurityDirectives
{
    public static readonly Directive[] Rows =
    [
        OptionalText("requirepass", Sensitive),
        Text("aclfile", "", Immutable),
        Integer("acllog-max-len", 128, 0, MaxLong),
        Choice("acl-pubsub-default", AclPubSubDefault.ResetChannels, Choices.AclPubSubDefault),
        Choice("enable-protected-configs", ProtectedAction.No, Choices.ProtectedAction, Immutable),
        Choice("enable-debug-command", ProtectedAction.No, Choices.ProtectedAction, Immutable),
        Choice("enable-module-command", ProtectedAction.No, Choices.ProtectedAction, Immutable),
    ];
}
